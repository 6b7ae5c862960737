"""Reads the path that the user names as a model: a file of any known format, or MLflow's folder."""

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

OLD = (1, 0)  # with this release the unpickler also resolves names of older releases
PROTOCOL = b"\x80"  # the opcode PROTO: a pickle begins with it since protocol 2


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One pickle: the path of its file, and its decompressed bytes.

    `keys` locate the estimator, if the pickled object is a dictionary, list or tuple; () is the
    object itself. `versions` are those of scikit-learn that the pickle names. `wanted` are versions
    of other libraries that were recorded with the model, and `python` is the version of Python,
    such as "3.9", if known. With `skops`, the content is a file of skops instead of a pickle.
    """

    path: Path
    content: bytes
    keys: tuple[str | int, ...] = ()
    versions: frozenset[str] = frozenset()
    wanted: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    skops: bool = False


def read(path: Path, limits: Limits) -> list[ModelFile]:
    """The pickles of a path, in order; PackError or MissingFileError if there are none.

    A file has several if `pickle.dump` was called several times.
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
    """The names that a pickle would use; PackError if it is not a pickle."""
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
    """The content, decompressed and taken from its archive; unchanged if that gives no model.

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
        return file.content  # `inspect` will raise an error with its format
    is_other = filetypes.no_pickle(found) is not None and not skops_model.is_skops(found)
    return file.content if is_other else found


def _of_skops(file: ModelFile) -> ModelFile:
    try:
        return replace(file, versions=frozenset(skops_model.releases(file.content)), skops=True)
    except ValueError as error:
        raise PackError(f"{file.path}: {error}") from error


def _split(whole: ModelFile, limits: Limits) -> list[ModelFile]:
    """The consecutive pickles in a file; the file unchanged if one of them cannot be read."""
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
