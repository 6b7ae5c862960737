"""The content of `manifest.json`, which describes a packed model.

The format number is raised by one whenever a reader of the old number could misread the new file: a
key was removed, renamed or given another meaning, or a file must be read in another way. A new key
that old readers may ignore does not raise it. A reader accepts its own number only. For any other,
the error advises to update the service, or to pack the model again.

Format 2: `version` covers all that the service depends on (`version.py`); values of another type,
duplicate keys and golden rows that do not match the signature are refused.
Format 3: `engines` has `rows_independent` instead of `rows_apart`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from service.model import parsing
from service.model.parsing import ShapeError
from service.model.profile import Profile
from service.model.signature import Signature

FORMAT = 3
ROWS_INDEPENDENT = "rows_independent"
REPORTS = "report/"  # the folder of files that only people read
SHA256 = re.compile("[0-9a-f]{64}")
DISTRIBUTION = re.compile("[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
TIMED_ROWS = ("1", "1000")  # numbers of rows whose measured time every manifest has
MAX_EXAMPLE_ROWS = 10
MAX_CALL_SECONDS = 3600  # the service could not use a slower model


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """The SHA-256 in hexadecimal and the size in bytes of one file."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """Rows with the predictions that the model gave when it was packed, column by column.

    `outputs` has the form of a response of `POST /predict`, with `probabilities` or `scores`.
    """

    inputs: Mapping[str, list[Any]]
    outputs: Mapping[str, Any]

    def check(self, signature: Signature) -> None:
        """Raise ShapeError unless these are rows of a model with this signature."""
        counts = {len(column) for column in self.inputs.values()}
        if self.inputs.keys() != set(signature.names) or len(counts) != 1:
            raise ShapeError("golden/inputs are not the columns of the signature, equally long")
        if counts == {0}:
            raise ShapeError("golden/inputs have no rows")
        for name, found in self.outputs.items():
            columns = found.values() if isinstance(found, dict) else [found]
            if not all(isinstance(column, list) for column in columns):
                raise ShapeError(f"{parsing.inside('golden/outputs', name)} is not an array")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One packed model.

    `version` is a digest of the content (`version.py`). `files` are the other files of the folder.
    `created` is UTC in ISO 8601. `versions` are those of Python and the libraries when it was
    packed. `metrics` are plain numbers by name. `data` is the source of the training rows (file,
    sha256, rows, commit). `seconds` is the measured time of one prediction call by number of rows,
    on the packing machine; by it the service decides where a prediction runs and how many requests
    share a call. `engines` is the comparison of the engines: the reason for the selected one, the
    number of rows that both predict equally, the tolerance, and the seconds of both engines;
    `training/engine/selection.py` writes it. Its `rows_independent` is whether each row has the
    same prediction alone as among others. `code` are the modules that the model brings, and their
    digest (`own_code.py`). `example` are columns of example rows that clients may see; empty if
    none were made. `known` are the categories that encoders know of inputs that accept any value
    (`known_categories.py`). `profile` is the
    distribution of inputs and outputs in the sample (`profile.py`), or None.
    """

    format: int = FORMAT
    name: str
    version: str
    created: str
    engine: str
    files: Mapping[str, FileEntry]
    versions: Mapping[str, str]
    signature: Signature
    metrics: Mapping[str, Any]
    data: Mapping[str, Any]
    seconds: Mapping[str, float]
    golden: Golden
    engines: Mapping[str, Any] = field(default_factory=dict)
    code: Mapping[str, Any] = field(default_factory=dict)
    example: Mapping[str, list[Any]] = field(default_factory=dict)
    known: Mapping[str, list[Any]] = field(default_factory=dict)
    profile: Profile | None = None

    @property
    def rows_independent(self) -> bool:
        """Whether rows of several requests may be predicted together; unknown is no."""
        return self.engines.get(ROWS_INDEPENDENT) is True

    def expected_seconds(self, rows: float) -> float:
        """The time of one call for so many rows, as measured on the packing machine."""
        one, many = self.seconds["1"], self.seconds["1000"]
        return one + rows * max(many - one, 0.0) / 999

    def to_json(self) -> str:
        """The text of `manifest.json`."""
        return json.dumps(self._plain(), indent=2, allow_nan=False) + "\n"

    def public(self) -> dict[str, Any]:
        """The part that clients may read: all but the golden rows, and the categories that the
        signature does not list, which may be personal data: `known` and `profile` have some."""
        values = self._plain()
        del values["golden"]
        values.pop("known", None)
        values.pop("profile", None)
        return values

    def _plain(self) -> dict[str, Any]:
        values = {**asdict(self), "signature": self.signature.to_dict()}
        if not self.known:
            del values["known"]  # services without it read such a manifest
        if self.profile is None:
            del values["profile"]
        return values

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """Read the text of `manifest.json`; ValueError with one line if it is invalid."""
        try:
            values = parsing.parse(text)
        except ValueError as error:
            raise ValueError(f"is not JSON that this service reads ({error})") from error
        if not isinstance(values, dict) or type(values.get("format")) is not int:
            raise ValueError("has no format number, so it is not the manifest of a packed model")
        if values["format"] != FORMAT:
            advice = "update the service" if values["format"] > FORMAT else "pack the model again"
            raise ValueError(
                f"has format {values['format']}, this service reads format {FORMAT}: {advice}"
            )
        try:
            manifest = parsing.read(cls, values)
            manifest.check()
        except ValueError as error:
            raise ValueError(f"does not have the shape of format {FORMAT} ({error})") from error
        return manifest

    def check(self) -> None:
        """Raise ShapeError if values of the right types cannot belong to a packed model."""
        self.signature.check()
        if not (self.name and self.name.isprintable()):
            raise ShapeError("name is empty, or holds characters that cannot be printed")
        for name, entry in self.files.items():
            if not SHA256.fullmatch(entry.sha256) or entry.bytes < 0:
                place = parsing.inside("files", name)
                raise ShapeError(f"{place} is not a SHA-256 in hexadecimal with a size in bytes")
        for name in self.versions:
            if not DISTRIBUTION.fullmatch(name):
                raise ShapeError(f"{parsing.inside('versions', name)} is not the name of a library")
        for rows in TIMED_ROWS:
            if not 0 <= self.seconds.get(rows, -1) <= MAX_CALL_SECONDS:
                raise ShapeError(
                    f"seconds/{rows} is not a time from 0 to {MAX_CALL_SECONDS} seconds"
                )
        self.golden.check(self.signature)
        self._check_examples()
        self._check_known()
        if self.profile is not None:
            self.profile.check(self.signature)

    def _check_examples(self) -> None:
        lengths = {len(column) for column in self.example.values()}
        if self.example and (self.example.keys() != set(self.signature.names) or len(lengths) > 1):
            raise ShapeError("example is not the columns of the signature, equally long")
        if lengths and not 1 <= max(lengths) <= MAX_EXAMPLE_ROWS:
            raise ShapeError(f"example has not 1 to {MAX_EXAMPLE_ROWS} rows")

    def _check_known(self) -> None:
        if not self.known.keys() <= set(self.signature.names):
            raise ShapeError("known has columns that are not in the signature")
        for name, values in self.known.items():
            if not all(isinstance(value, str | int | float) for value in values):
                raise ShapeError(
                    f"{parsing.inside('known', name)} has other values than categories"
                )
