"""Read what the user names as a model: a file of any kind that is known, or MLflow's folder."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from service.model import filetypes, trial, unpickling
from service.model.errors import one_line
from service.model.limits import Limits
from service.model.own_code import NONE, OwnCode
from service.model.pickled_names import Inspecting, Inspection
from service.model.trial import TrialError
from training.errors import MissingFileError, PackError
from training.formats import archive, compression, mlflow_model, skops_model
from training.older.loading import OlderUnpickler

OLD = (1, 0)  # a release whose names are all read
PROTOCOL = b"\x80"  # what a pickle begins with, since protocol 2


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One pickle: the file that has it, and its bytes as they were before they were compressed.

    `keys` say where in its object the estimator is, if the object is a dictionary, list or tuple;
    () is the object itself. `versions` are those of scikit-learn that the pickle names. `wanted`
    are versions of libraries that stand beside the model, and `python` is the version of Python,
    such as "3.9", if it is known. With `skops` the content is a file of skops, and no pickle yet.
    """

    path: Path
    content: bytes
    keys: tuple[str | int, ...] = ()
    versions: frozenset[str] = frozenset()
    wanted: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    skops: bool = False


def read(path: Path, limits: Limits) -> list[ModelFile]:
    """The pickles behind a path, in their order; PackError or MissingFileError if there are none.

    A file may have several, one after another, as several calls of `pickle.dump` write them.
    """
    try:
        saved = mlflow_model.read(path) if path.is_dir() else None
        content = path.read_bytes() if saved is None else saved.content
    except OSError as error:
        raise MissingFileError.of(path, error) from error
    except ValueError as error:
        raise PackError(f"{path}: {error}") from error
    whole = ModelFile(path, content)
    if saved is not None:
        whole = replace(whole, wanted=saved.wanted, python=saved.python)
    whole = replace(whole, content=_unpacked(whole, limits))
    is_skops = skops_model.is_skops(whole.content)
    found = [_of_skops(whole)] if is_skops else _split(whole, limits)
    if saved is not None and saved.release and not any(one.versions for one in found):
        found = [replace(one, versions=frozenset({saved.release})) for one in found]
    return found


def inspect(
    file: ModelFile, trusted: Sequence[str], limits: Limits, code: OwnCode = NONE
) -> Inspection:
    """What a pickle would use; PackError if it is none."""
    why = filetypes.no_pickle(file.content)
    if why is not None:
        raise PackError(f"{file.path}: {why}")
    try:
        return trial.read(lambda: unpickling.inspect(file.content, trusted, code), limits=limits)
    except TrialError as error:
        raise PackError(f"{file.path}: {error}") from error
    except Exception as error:
        why = filetypes.broken(file.content, error)
        if why is None:
            why = f"is no model that joblib.dump wrote ({one_line(error)})"
        raise PackError(f"{file.path}: {why}") from error


def _unpacked(file: ModelFile, limits: Limits) -> bytes:
    """The content without compression, and out of an archive; as it is if it is no model.

    PackError if it is damaged, or an archive with several models.
    """
    try:
        found = trial.read(lambda: compression.decompressed(file.content), limits=limits)
        if archive.is_archive(found):
            inside = archive.model(found)
            found = trial.read(lambda: compression.decompressed(inside), limits=limits)
    except (TrialError, archive.SeveralError) as error:
        raise PackError(f"{file.path}: {error}") from error
    except ValueError as error:
        if file.content.startswith((compression.LZ4, compression.ZSTANDARD)):
            raise PackError(f"{file.path}: {error}") from error
        return file.content  # `inspect` says what it is
    is_other = filetypes.no_pickle(found) is not None and not skops_model.is_skops(found)
    return file.content if is_other else found


def _of_skops(file: ModelFile) -> ModelFile:
    try:
        return replace(file, versions=frozenset(skops_model.releases(file.content)), skops=True)
    except ValueError as error:
        raise PackError(f"{file.path}: {error}") from error


def _split(whole: ModelFile, limits: Limits) -> list[ModelFile]:
    """The pickles in a row; the file as it is if they cannot be read."""
    file = io.BytesIO(whole.content)
    found: list[ModelFile] = []
    try:
        while not found or whole.content[file.tell() : file.tell() + 1] == PROTOCOL:
            start, names = file.tell(), Inspecting(())
            trial.read(OlderUnpickler(file, names, OLD).read_all, limits=limits)
            content = whole.content[start : file.tell()]
            found.append(replace(whole, content=content, versions=frozenset(names.versions)))
    except Exception:
        return [replace(whole, versions=frozenset(names.versions))]
    return found if len(found) > 1 else [replace(whole, versions=found[0].versions)]
