"""Compare what will be served with what the scikit-learn that saved the model answers."""

import json
import math
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from service.model.engines import Column, Engine
from service.model.predictor import as_column
from service.model.signature import Signature
from training.engine import probe_rows
from training.engine.thresholds import thresholds
from training.errors import PackError
from training.estimators.side_effects import trying
from training.older import answers as program
from training.older.environment import Environment

TOLERANCE = 1e-5  # of probabilities: another NumPy or compiler computes them a little otherwise

LARGEST = float(np.finfo(np.float32).max)
SECONDS = 300.0  # for all questions


@dataclass(frozen=True, slots=True)
class Older:
    """A model in the environment that saved it, which says what is right."""

    path: Path
    environment: Environment
    trusted: Collection[str] = ()

    def narrowed(self, signature: Signature, columns: Mapping[str, Column]) -> Signature:
        """The signature without null, and without numbers that float32 cannot hold, where the model
        refused these then.
        """
        places = range(len(signature.inputs))
        tried = [(place, value) for place in places for value in (None, math.inf, -math.inf)]
        sets = []
        for place, value in tried:
            one, row = signature.inputs[place], [values[:1] for values in columns.values()]
            if value is None and one.nullable:
                row[place] = as_column([None], one.dtype)
            elif value is not None and one.dtype == "float64":
                end = one.highest if value > 0 else one.lowest
                row[place] = row[place] if end is None else as_column([end], one.dtype)
            sets.append(row)
        _, answers = self._ask(signature, sets)
        refused = {one for one, answer in zip(tried, answers, strict=True) if "error" in answer}
        taken = [
            replace(
                one,
                nullable=one.nullable and (place, None) not in refused,
                highest=LARGEST if (place, math.inf) in refused else one.highest,
                lowest=-LARGEST if (place, -math.inf) in refused else one.lowest,
            )
            for place, one in enumerate(signature.inputs)
        ]
        return replace(signature, inputs=tuple(taken))

    def check(
        self,
        estimator: Any,
        signature: Signature,
        columns: Mapping[str, Column],
        engine: Engine,
    ) -> dict[str, Any]:
        """What was compared; PackError if the engine answers otherwise.

        The rows are those of the sample, and rows around them, also on and beside the thresholds of
        trees.
        """
        with trying(self.trusted):
            drawn = probe_rows.around(signature, columns, thresholds(estimator, signature.names))
            sets = [list(columns.values()), list(drawn.values())]
            served = [_found(engine, signature, rows) for rows in sets]
        versions, told = self._ask(signature, sets)  # which starts a process
        largest, compared = 0.0, 0
        for answer, found in zip(told, served, strict=True):
            if "error" in answer:
                raise PackError(
                    f"scikit-learn {self.environment.version} cannot predict rows of the sample, "
                    f"or rows like them ({answer['error'][:200]})"
                )
            right = _answers(answer, signature)
            largest = max(largest, *map(self._difference, right, found))
            compared += len(found[0])
        return {"versions": versions, "rows": compared, "largest_difference": largest}

    def _ask(
        self, signature: Signature, sets: Sequence[Sequence[Column]]
    ) -> tuple[dict[str, str], list[dict[str, Any]]]:
        """The versions there, and the answer to each set of rows; PackError if there are none."""
        question = {
            "model": str(self.path.resolve()),
            "container": signature.container,
            "questions": [
                [
                    {"name": one.name, "dtype": one.dtype, "values": values.tolist()}
                    for one, values in zip(signature.inputs, columns, strict=True)
                ]
                for columns in sets
            ],
        }
        try:
            asked = json.dumps(question)
        except TypeError as error:
            raise PackError(
                f"was saved by scikit-learn {self.environment.version}; whether it takes dates the "
                "same way cannot be compared yet; fit it again with the one that is here"
            ) from error
        command = [str(self.environment.python), "-I", str(program.__file__)]
        try:
            ended = subprocess.run(  # noqa: S603
                command,
                input=asked,
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise PackError(
                f"scikit-learn {self.environment.version} takes too long to predict"
            ) from error
        if ended.returncode:
            reason = (ended.stderr.strip().splitlines() or ["no reason"])[-1][:200]
            raise PackError(f"scikit-learn {self.environment.version} cannot load it ({reason})")
        told = json.loads(ended.stdout.splitlines()[-1])
        return told["versions"], told["answers"]

    def _difference(self, right: Any, found: Column) -> float:
        if right.shape != found.shape:
            raise self._unequal(f"shapes {found.shape} and {right.shape}")
        if found.dtype.kind != "f":
            wrong = int((right != found).sum())
            if wrong:
                raise self._unequal(f"{wrong} of {len(found)} labels differ")
            return 0.0
        gone = np.abs(right - found) / np.maximum(1.0, np.abs(right))
        gone = gone[np.isfinite(right)]  # what is no number then cannot be served now
        largest = float(gone.max(initial=0.0))
        if not largest <= TOLERANCE:
            raise self._unequal(f"answers differ by {largest:.1g}")
        return largest

    def _unequal(self, how: str) -> PackError:
        return PackError(
            f"was saved by scikit-learn {self.environment.version}, and answers otherwise with the "
            f"one that is here ({how}); nothing was published"
        )


def _answers(told: Mapping[str, Any], signature: Signature) -> list[Any]:
    """As an engine gives them: an array for each output, and one of its confidence."""
    values = np.asarray(told["predict"])
    found = [values.ravel()] if len(signature.outputs) == 1 else list(values.T)
    if signature.confidence is None:
        return found
    name = {"probabilities": "predict_proba", "scores": "decision_function"}[signature.confidence]
    if name not in told:
        raise PackError(f"the older scikit-learn has no {name} for this model")
    given = told[name]
    if len(signature.outputs) == 1:
        return [*found, np.asarray(given)]
    return [*found, *map(np.asarray, given)]


def _found(engine: Engine, signature: Signature, columns: Sequence[Column]) -> list[Column]:
    with np.errstate(all="ignore"):
        found = list(engine.predict(columns))
        return [*found, *engine.confidence(columns)] if signature.confidence else found
