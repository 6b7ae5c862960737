"""Compares served predictions with those of the scikit-learn that saved the model."""

import json
import re
import subprocess
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from service.model import probe_rows
from service.model.engines import Column, Engine
from service.model.equality import UnequalError
from service.model.frames import with_none
from service.model.own_code import FOLDER
from service.model.predictor import as_column
from service.model.signature import Input, Signature
from training.engine import proven_ranges
from training.engine.proven_ranges import SampleError
from training.errors import PackError
from training.estimators.code_files import Code
from training.estimators.fitted_model import FittedModel
from training.estimators.side_effects import refuse_side_effects
from training.older import answers as program
from training.older.environment import Environment

TOLERANCE = 1e-5  # of probabilities: another NumPy or compiler computes them a little otherwise

LARGEST = float(np.finfo(np.float32).max)
MISSING = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")
SECONDS = 300.0  # for one run of `answers.py`


class NotComparableError(PackError):
    """The scikit-learn that saved the model cannot predict, so there is nothing to compare with."""


@dataclass(frozen=True, slots=True)
class Part:
    """A pickle, and the keys that lead to the estimator in its object."""

    content: bytes
    keys: Sequence[str | int] = ()


@dataclass(frozen=True, slots=True)
class OlderModel:
    """A model in the environment that saved it, whose predictions are the right ones."""

    parts: Sequence[Part]  # in the order in which the estimators are applied
    environment: Environment
    trusted: Collection[str] = ()
    names: Collection[str] = ()  # that its pickle imports
    code: Code = field(default_factory=Code)  # modules of its own

    def narrowed(self, signature: Signature, columns: Mapping[str, Column]) -> Signature:
        """The signature without null, and without numbers that float32 cannot hold, for inputs of
        which the older release refuses these.
        """
        row = [values[:1] for values in columns.values()]
        changes: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
        for place, one in enumerate(signature.inputs):
            ends = (one.highest, one.lowest) if one.dtype == "float64" else (None, None)
            if one.nullable:
                changes[0].append([place, _listed(one, as_column([None], one.dtype))])
            for found, end in zip(changes[1:], ends, strict=True):
                if end is not None:
                    found.append([place, [end]])
        null, highest, lowest = self._run(signature, [row], changes)["refused"]
        taken = [
            replace(
                one,
                nullable=one.nullable and place not in null,
                highest=LARGEST if place in highest else one.highest,
                lowest=-LARGEST if place in lowest else one.lowest,
            )
            for place, one in enumerate(signature.inputs)
        ]
        return replace(signature, inputs=tuple(taken))

    def prove(
        self,
        model: FittedModel,
        signature: Signature,
        columns: Mapping[str, Column],
        engine: Engine,
    ) -> tuple[Signature, dict[str, Any]]:
        """Compare the engine's predictions; PackError if they differ.

        The rows are those of the sample, and rows around them, also on and beside the thresholds of
        trees. Returns what was compared, and the signature, with narrower ranges if the engine
        differs for very large numbers only.
        """
        try:
            return proven_ranges.prove(
                signature, lambda one: self._compare(model, one, columns, engine)
            )
        except UnequalError as error:
            raise PackError(str(error)) from error

    def _compare(
        self,
        model: FittedModel,
        signature: Signature,
        columns: Mapping[str, Column],
        engine: Engine,
    ) -> dict[str, Any]:
        with refuse_side_effects(self.trusted):
            drawn = probe_rows.generate(signature, columns, model.thresholds(signature.names))
            sets = [list(columns.values()), list(drawn.values())]
            served = [_found(engine, signature, rows) for rows in sets]
        reply = self._run(signature, sets)  # starts a process, so it is outside the guard
        largest, compared = 0.0, 0
        for place, (answer, found) in enumerate(zip(reply["answers"], served, strict=True)):
            if "error" in answer:
                raise PackError(
                    f"scikit-learn {self.environment.version} cannot predict rows of the sample, "
                    f"or rows like them ({answer['error'][:200]})"
                )
            right = _answers(answer, signature)
            try:
                largest = max(largest, *map(self._difference, right, found))
            except UnequalError as error:
                raise (SampleError(str(error)) if place == 0 else error) from error
            compared += len(found[0])
        return {"versions": reply["versions"], "rows": compared, "largest_difference": largest}

    def _run(
        self,
        signature: Signature,
        sets: Sequence[Sequence[Column]],
        changes: Sequence[Sequence[Sequence[Any]]] = (),
    ) -> dict[str, Any]:
        """The reply of the program `training.older.answers`; PackError if it fails."""
        request = {
            "container": signature.container,
            "code": {
                name.removeprefix(FOLDER): source.decode(errors="surrogateescape")
                for name, source in self.code.sources.items()
            },
            "main": {name: place for (_, name), place in self.code.names.renamed.items()},
            "changes": changes,
            "sets": [
                [
                    {"name": one.name, "dtype": one.dtype, "values": _listed(one, values)}
                    for one, values in zip(signature.inputs, columns, strict=True)
                ]
                for columns in sets
            ],
        }
        command = [str(self.environment.python), "-I", str(program.__file__)]
        with tempfile.TemporaryDirectory() as folder:
            parts = []
            for place, one in enumerate(self.parts):
                path = Path(folder) / f"{place}.pickle"
                path.write_bytes(one.content)
                parts.append({"path": str(path), "keys": one.keys})
            try:
                ended = subprocess.run(  # noqa: S603
                    command,
                    input=json.dumps({**request, "parts": parts}),
                    capture_output=True,
                    text=True,
                    timeout=SECONDS,
                )
            except subprocess.TimeoutExpired as error:
                raise NotComparableError(
                    f"scikit-learn {self.environment.version} takes too long to predict"
                ) from error
        if ended.returncode:
            raise self._not_comparable(
                (ended.stderr.strip().splitlines() or ["no reason"])[-1][:200]
            )
        found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
        return found

    def _not_comparable(self, reason: str) -> NotComparableError:
        missing = MISSING.fullmatch(reason)
        if missing is None:
            return NotComparableError(
                f"scikit-learn {self.environment.version} cannot load it ({reason})"
            )
        name = missing[1].split(".")[0]
        return NotComparableError(
            f"needs {name} beside scikit-learn {self.environment.version}: add --with "
            f"{name}==VERSION, or install it into the Python of --env, in the version that fitted "
            "the model"
        )

    def _difference(self, right: Any, found: Column) -> float:
        if right.shape != found.shape:
            raise self._unequal(f"shapes {found.shape} and {right.shape}")
        if found.dtype.kind != "f":
            wrong = int((right != found).sum())
            if wrong:
                raise self._unequal(f"{wrong} of {len(found)} labels differ")
            return 0.0
        differences = np.abs(right - found) / np.maximum(1.0, np.abs(right))
        differences = differences[np.isfinite(right)]  # others are not served
        largest = float(differences.max(initial=0.0))
        if not largest <= TOLERANCE:
            raise self._unequal(f"predictions differ by {largest:.1g}")
        return largest

    def _unequal(self, how: str) -> UnequalError:
        return UnequalError(
            f"was saved by scikit-learn {self.environment.version}, and predicts differently with "
            f"the installed release ({how})"
        )


def _listed(one: Input, values: Column) -> list[Any]:
    """The values of a column as JSON values; dates as numbers of their unit since 1970."""
    if one.dtype.startswith("datetime64"):
        unit = one.dtype.removeprefix("datetime64[").rstrip("]").split(",")[0]
        return list(values.astype(f"datetime64[{unit}]").astype(np.int64).tolist())
    if one.null == "none" and values.dtype == object:
        return list(with_none(values).tolist())
    return list(values.tolist())


def _answers(answers: Mapping[str, Any], signature: Signature) -> list[Any]:
    """The answers as an engine returns them: arrays of predictions, then of confidence."""
    values = np.asarray(answers["predict"])
    found = [values.ravel()] if len(signature.outputs) == 1 else list(values.T)
    if signature.confidence is None:
        return found
    name = {"probabilities": "predict_proba", "scores": "decision_function"}[signature.confidence]
    if name not in answers:
        raise PackError(f"the older scikit-learn has no {name} for this model")
    given = answers[name]
    if len(signature.outputs) == 1:
        return [*found, np.asarray(given)]
    return [*found, *map(np.asarray, given)]


def _found(engine: Engine, signature: Signature, columns: Sequence[Column]) -> list[Column]:
    with np.errstate(all="ignore"):
        found = list(engine.predict(columns))
        return [*found, *engine.confidence(columns)] if signature.confidence else found
