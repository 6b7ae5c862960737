"""Predicts with a verified model: from columns to predictions."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from service.model import (
    artifact,
    dates,
    engines,
    filetypes,
    kernels,
    onnx_check,
    own_code,
    ranking,
    row_independence,
    trial,
    trust,
)
from service.model.artifact import ArtifactError, GoldenError, ManifestError
from service.model.audit import EffectError
from service.model.engines import Column, Engine, OnnxRuntime
from service.model.golden import compare, tolerance
from service.model.limits import Limits
from service.model.manifest import Manifest
from service.model.onnx_check import OnnxError
from service.model.own_code import CodeError, OwnCode
from service.model.trial import TrialError
from service.model.trust import UntrustedError
from service.model.version import content_version

NUMERIC = frozenset({"bool", *(f"float{bits}" for bits in (16, 32, 64))}) | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}
FEW_VALUES = 32  # up to so many, Python's check is faster than NumPy's


class NotFiniteError(ValueError):
    """The model's predictions for some rows are not finite; `rows` are their indexes, from 0."""

    def __init__(self, rows: list[int]) -> None:
        super().__init__(f"no finite prediction for {len(rows)} rows")
        self.rows = rows


class UnpredictableError(ValueError):
    """The model raises an error for rows that its signature accepts."""


class Predictor:
    """One loaded model. It is made once per process and shared by all requests.

    `report` is the page that was packed with the model, or None. `rows_independent` is whether a
    row has the same prediction alone as among others, to the last bit: where the model was packed,
    and, after `verify`, here.
    """

    def __init__(self, manifest: Manifest, engine: Engine, report: bytes | None = None) -> None:
        self.manifest = manifest
        self.report = report
        self.signature = manifest.signature
        self.rows_independent = manifest.rows_independent
        self.engine = engine

    @classmethod
    def load(
        cls,
        folder: Path,
        trusted: Collection[str] = (),
        sha256: str = "",
        limits: Limits = Limits(),  # noqa: B008
        trusted_code: Collection[str] = (),
        other_engine: str = "",
    ) -> "Predictor":
        """Verify and load an artifact; ArtifactError if anything is wrong with it.

        `trusted` are names that the model may use besides the allow-list. `sha256` is the digest of
        the only accepted manifest, or empty. `limits` apply to loading and replaying (`trial.py`).
        `trusted_code` are digests of code that an artifact may bring (`own_code.py`).
        `other_engine` is the engine to load, if not the one that serves the model.
        """
        manifest = artifact.read_manifest(folder, sha256)
        contents = artifact.read_files(folder, manifest)
        loaded = replace(manifest, engine=other_engine or manifest.engine)
        artifact.check_versions(folder, loaded)
        if loaded.engine not in artifact.FILES:
            raise ManifestError(
                f"{folder / artifact.MANIFEST}: engine {loaded.engine!r} is unknown to this "
                f"service ({', '.join(artifact.FILES)}); update the service, or pack again"
            )
        if manifest.version != content_version(manifest):
            raise ManifestError(
                f"{folder / artifact.MANIFEST}: version {manifest.version} does not match "
                "the content: the manifest was changed after packing; pack the model again"
            )
        name = artifact.FILES[loaded.engine]
        path = folder / name
        report = contents.get(artifact.REPORT)
        why = filetypes.not_packed(contents[name], loaded.engine == artifact.ONNX)
        if why is not None:
            raise ArtifactError(f"{path}: {why}")

        code = _own_code(folder, loaded, contents, trusted_code)

        def load() -> Predictor:
            engine = engines.load(loaded.engine, manifest.signature, contents[name], trusted, code)
            return cls(manifest, engine, report)

        try:
            engines.prepare(loaded.engine, manifest.signature)
            of_onnx = loaded.engine == artifact.ONNX
            return trial.load(
                load,
                cls.verify,
                trusted=trusted,
                limits=limits,
                native=of_onnx and onnx_check.check(contents[name]),
                stop=cls.stop if of_onnx else None,
            )
        except UntrustedError as error:
            raise ArtifactError(
                f"{path}: {trust.refusal(error, 'SERVICE_TRUSTED_MODULES=')}"
            ) from error
        except GoldenError as error:
            raise GoldenError(f"{folder}: {error}; pack the model again, here") from error
        except (OnnxError, TrialError) as error:
            raise TrialError(f"{path}: {error}") from error
        except Exception as error:
            why = None
            if loaded.engine != artifact.ONNX:
                why = filetypes.broken(contents[name], error)
            elif type(error).__module__.startswith("onnxruntime"):
                why = f"cannot be loaded ({type(error).__name__} of ONNX Runtime)"
            why = why or f"cannot be loaded ({type(error).__name__}: {error})"
            raise ArtifactError(f"{path}: {why}; pack the model again") from error

    def stop(self) -> None:
        """Terminate the calls of an ONNX model in other threads, and all later ones."""
        if isinstance(self.engine, OnnxRuntime):
            self.engine.run_options.terminate = True

    def predict(self, columns: Mapping[str, Column], confidence: bool = False) -> dict[str, Any]:
        """Predict one value per row and output.

        `columns` has one array of shape (rows,) for each input of the signature. The answer has a
        list of `rows` plain values by output name. With `confidence` it also has `labels` and
        `probabilities` (one number per row and label) or `scores`; if the model has several
        outputs, each of these is an object by output name. NotFiniteError if a prediction is not
        finite; UnpredictableError if the model raises; ValueError if it has neither probabilities
        nor scores.
        """
        return self._answer(columns, confidence, _plain)

    def predict_arrays(
        self, columns: Mapping[str, Column], confidence: bool = False
    ) -> dict[str, Any]:
        """Like `predict`, with arrays instead of lists of rows."""
        return self._answer(columns, confidence, _finite)

    def predict_top(self, columns: Mapping[str, Column], count: int) -> dict[str, Any]:
        """Like `predict`, with the `count` most probable labels of each row as `top`.

        `top` has `labels` and `probabilities`, each a list per row; if the model has several
        outputs, it is an object of these by output name. If rows are independent, the model
        predicts some rows at a time: the probabilities of all labels may need far more memory than
        the answer.
        """
        outputs = self.signature.outputs
        rows = len(columns[self.signature.names[0]])
        labels = sum(len(output.labels or ()) for output in outputs)
        parts = [slice(rows)]
        if self.rows_independent:
            parts = ranking.blocks(rows, labels)
        answer: dict[str, Any] = {output.name: [] for output in outputs}
        top: dict[str, Any] = {
            output.name: {"labels": [], "probabilities": []} for output in outputs
        }
        for part in parts:
            try:
                found = self.predict_arrays({n: one[part] for n, one in columns.items()}, True)
            except NotFiniteError as error:
                raise NotFiniteError([row + (part.start or 0) for row in error.rows]) from error
            for output in outputs:
                values = found["probabilities"]
                values = values if len(outputs) == 1 else values[output.name]
                ranked = ranking.most_probable(values, output.labels or (), count)
                answer[output.name] += found[output.name].tolist()
                for name, chosen in ranked.items():
                    top[output.name][name] += chosen
        answer["top"] = top if len(outputs) > 1 else top[outputs[0].name]
        return answer

    def _answer(
        self, columns: Mapping[str, Column], confidence: bool, checked: Callable[[Column], Any]
    ) -> dict[str, Any]:
        kind = self.signature.confidence
        if confidence and kind is None:
            raise ValueError("this model has neither probabilities nor scores")
        ordered = [columns[name] for name in self.signature.names]
        outputs = self.signature.outputs
        found = _call(self.engine.predict, ordered)
        answer: dict[str, Any] = {
            output.name: checked(values) for output, values in zip(outputs, found, strict=True)
        }
        if confidence and kind is not None:
            found = _call(self.engine.confidence, ordered)
            numbers = [checked(values) for values in found]
            labels = [list(output.labels or ()) for output in outputs]
            names = [output.name for output in outputs]
            if any(labels):
                answer["labels"] = labels[0] if len(outputs) == 1 else _by_name(names, labels)
            answer[kind] = numbers[0] if len(outputs) == 1 else _by_name(names, numbers)
        return answer

    def verify(self) -> None:
        """Predict the golden rows; GoldenError names the first row with another prediction.

        Also test whether rows are independent on this processor.
        """
        golden = self.manifest.golden
        try:
            columns = {
                column.name: as_column(golden.inputs[column.name], column.dtype)
                for column in self.signature.inputs
            }
            found = self.predict(columns, self.signature.confidence is not None)
        except MemoryError:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise GoldenError(f"the golden rows cannot be predicted ({reason})") from error
        if found.keys() != golden.outputs.keys():
            raise GoldenError(f"golden rows give {sorted(found)}, not {sorted(golden.outputs)}")
        for name, expected in golden.outputs.items():
            compare(name, expected, found[name], tolerance(self.manifest))
        self.rows_independent = self._test_independence(list(columns.values()))

    def _test_independence(self, columns: list[Column]) -> bool:
        manifest, confident = self.manifest, self.signature.confidence is not None
        if not manifest.rows_independent:
            return False
        if not row_independence.hold_here(self.engine, columns, confident):
            return False
        if not kernels.is_elsewhere(manifest.engines):
            return True
        from service.model import probe_rows  # it imports this module

        rows = row_independence.ELSEWHERE_ROWS
        if rows * len(columns) > row_independence.ELSEWHERE_CELLS:
            return False
        try:
            _, drawn = probe_rows.around(self.signature, manifest.golden.inputs, rows)
        except (ArithmeticError, LookupError, TypeError, ValueError):  # such as of nothing but null
            return False
        return row_independence.hold_elsewhere(
            self.engine,
            list(drawn.values()),
            has_labels=any(output.labels for output in self.signature.outputs),
            expected_seconds=manifest.expected_seconds,
        )


def _own_code(
    folder: Path, manifest: Manifest, contents: Mapping[str, bytes], trusted: Collection[str]
) -> OwnCode:
    """Import the modules that the artifact brings, if the operator trusts them.

    With ONNX Runtime nothing is imported: it does not need them.
    """
    sources = {name: one for name, one in contents.items() if own_code.is_code(name)}
    if not sources or manifest.engine == artifact.ONNX:
        return own_code.NONE
    digest = artifact.code_digest(manifest)
    if digest not in trusted:
        raise ArtifactError(
            f"{folder}: brings code of its own ({', '.join(own_code.modules(sources))}), which is "
            f"not trusted; read {folder / own_code.FOLDER}, and if you do trust it: "
            f"SERVICE_TRUSTED_CODE={digest}"
        )
    try:
        return own_code.install(sources)
    except CodeError as error:
        raise ArtifactError(f"{folder / own_code.FOLDER}: {error}") from error


def _call(method: Callable[[list[Column]], list[Column]], columns: list[Column]) -> list[Column]:
    """The engine's result; UnpredictableError if the model raises, or attempts a side effect."""
    try:
        return method(columns)
    except EffectError as error:
        raise UnpredictableError(str(error)) from error
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise UnpredictableError(f"the model raises {type(error).__name__}") from error


def as_column(values: list[Any], dtype: str) -> Column:
    """A column of plain values as an array.

    None becomes NaN, or NaT in a column of dates. If NumPy has no type for the values, as for text
    or pandas' `Int64`, the result is an array of objects.
    """
    if dtype in NUMERIC:
        return np.array(values, dtype=dtype)  # None becomes NaN
    if dtype.startswith("datetime64"):
        return dates.array(values, dtype)
    column = np.empty(len(values), dtype=object)
    column[:] = [math.nan if value is None else value for value in values]
    return column


def _by_name(names: list[str], values: list[Any]) -> dict[str, Any]:
    return dict(zip(names, values, strict=True))


def _plain(values: Column) -> list[Any]:
    """Plain Python values; NotFiniteError if some are not finite."""
    if values.ndim == 1 and len(values) <= FEW_VALUES:
        few: list[Any] = values.tolist()
        if values.dtype.kind != "f" or all(map(math.isfinite, few)):
            return few
    listed: list[Any] = _finite(values).tolist()
    return listed


def _finite(values: Column) -> Column:
    """The same array; NotFiniteError if some values are not finite."""
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        if not finite.all():
            rows = ~finite if finite.ndim == 1 else ~finite.all(axis=1)
            raise NotFiniteError(np.flatnonzero(rows).tolist())
    return values
