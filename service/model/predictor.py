"""A verified model as a function: columns in, predictions out."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from service.model import artifact, engines
from service.model.artifact import ArtifactError, GoldenError
from service.model.engines import Column, Engine
from service.model.manifest import Manifest

# Another processor or BLAS may round the last bits differently; a damaged model is further off.
TOLERANCE = 1e-6


class NotFiniteError(ValueError):
    """The model has no finite answer for some rows; `rows` are their positions, from 0."""

    def __init__(self, rows: list[int]) -> None:
        super().__init__(f"no finite prediction for {len(rows)} rows")
        self.rows = rows


class Predictor:
    """Holds one loaded model; made once per process and shared by its requests."""

    def __init__(self, manifest: Manifest, engine: Engine) -> None:
        self.manifest = manifest
        self.signature = manifest.signature
        self._engine = engine
        self._output = manifest.signature.outputs[0]

    @classmethod
    def load(cls, folder: Path) -> "Predictor":
        """Read an artifact, refusing whatever is wrong with it; ArtifactError says what."""
        manifest = artifact.read_manifest(folder)
        contents = artifact.read_files(folder, manifest)
        artifact.check_versions(folder, manifest)
        try:
            engine = engines.load(manifest.engine, contents[artifact.MODEL])
        except Exception as error:
            raise ArtifactError(
                f"{folder / artifact.MODEL}: cannot be loaded ({type(error).__name__}: {error}); "
                "pack the model again"
            ) from error
        predictor = cls(manifest, engine)
        try:
            predictor.verify()
        except GoldenError as error:
            raise GoldenError(f"{folder}: {error}; pack the model again, here") from error
        return predictor

    def predict(self, columns: Mapping[str, Column], probabilities: bool = False) -> dict[str, Any]:
        """Predict one value per row.

        `columns` holds one array of shape (rows,) for each input of the signature. The answer holds
        a list of `rows` plain values by output name; with `probabilities` also `labels` and a list
        of `rows` lists with one number per label. NotFiniteError if JSON could not hold the answer;
        ValueError if probabilities are asked of a model that has none.
        """
        if probabilities and not self._output.probabilities:
            raise ValueError("this model has no probabilities")
        ordered = [columns[name] for name in self.signature.names]
        answer: dict[str, Any] = {self._output.name: _plain(self._engine.predict(ordered))}
        if probabilities:
            answer["labels"] = list(self._output.labels or ())
            answer["probabilities"] = _plain(self._engine.probabilities(ordered))
        return answer

    def verify(self) -> None:
        """Replay the golden rows; GoldenError names the first row that comes out differently."""
        golden = self.manifest.golden
        kinds = {column.name: column.dtype for column in self.signature.inputs}
        try:
            columns = {
                name: np.asarray(golden.inputs[name], dtype=kind) for name, kind in kinds.items()
            }
            found = self.predict(columns, self._output.probabilities)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise GoldenError(f"the golden rows cannot be predicted ({reason})") from error
        for name in (self._output.name, "probabilities"):
            expected, given = golden.outputs.get(name, []), found.get(name, [])
            if len(expected) != len(given):
                raise GoldenError(f"{len(given)} golden {name} came out, not {len(expected)}")
            for row, (wanted, got) in enumerate(zip(expected, given, strict=True)):
                if not _same(wanted, got):
                    raise GoldenError(
                        f"golden row {row}: {name} is {got}, was {wanted} when the model was packed"
                    )


def _plain(values: Column) -> list[Any]:
    """Plain Python values; NotFiniteError for what JSON has no number for."""
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        if not finite.all():
            rows = ~finite if finite.ndim == 1 else ~finite.all(axis=1)
            raise NotFiniteError(np.flatnonzero(rows).tolist())
    listed: list[Any] = values.tolist()
    return listed


def _same(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(map(_same, wanted, got))
    if isinstance(wanted, float) and isinstance(got, float):
        return math.isclose(wanted, got, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(wanted == got)
