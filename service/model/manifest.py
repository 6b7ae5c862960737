"""What a packed model says of itself: the content of `manifest.json`.

The format number goes up by one whenever a reader of the old number could misread the new file:
a key removed, renamed or given another meaning, a file that must now be read in another way.
A new key that old readers may ignore does not change it. A reader takes its own number only, and
says which side to renew otherwise.

Format 2: `version` covers all that steers the service (`version.py`); values of another type,
duplicate keys and golden rows that do not match the signature are refused.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from service.model import parsing
from service.model.parsing import ShapeError
from service.model.signature import Signature

FORMAT = 2
ROWS_APART = "rows_apart"
REPORTS = "report/"  # what the names of files begin with that are there for people alone
SHA256 = re.compile("[0-9a-f]{64}")
DISTRIBUTION = re.compile("[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
TIMED_ROWS = ("1", "1000")  # whose measured time every manifest has
LONGEST_SECONDS = 3600  # of one call; the service could not use a model that takes longer


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """What one model file must be: hex SHA-256 and size in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """Rows with the answers that the model gave when it was packed, column by column.

    `outputs` has the shape of an answer of `POST /predict`, with any `probabilities` there are.
    """

    inputs: Mapping[str, list[Any]]
    outputs: Mapping[str, Any]

    def check(self, signature: Signature) -> None:
        """Raise ShapeError unless these are rows of a model with this signature."""
        counts = {len(column) for column in self.inputs.values()}
        if self.inputs.keys() != set(signature.names) or len(counts) != 1:
            raise ShapeError("golden/inputs are not the model's inputs, equally long")
        if counts == {0}:
            raise ShapeError("golden/inputs have no rows")
        for name, found in self.outputs.items():
            columns = found.values() if isinstance(found, dict) else [found]
            if not all(isinstance(column, list) for column in columns):
                raise ShapeError(f"{parsing.inside('golden/outputs', name)} is no array")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One packed model.

    `version` names the content, as `version.py` says. `files` are all others in the folder.
    `created` is UTC in ISO 8601. `versions` are those of Python and the libraries that packed.
    `metrics` are plain numbers by name. `data` says where the training rows came from (file,
    sha256, rows, commit).
    `seconds` is the measured time of one prediction call by number of rows, on the packing machine.
    The service chooses by it where a prediction runs and how many requests share a call.
    `engines` says how the engine was chosen: why, how many rows both answered equally and within
    which tolerance, and both engines' seconds; `training/engine/selection.py` writes it. Its
    `rows_apart` says whether each row was proved to get the same answer alone as among others.
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

    @property
    def rows_apart(self) -> bool:
        """Whether rows of several requests may be predicted together; unknown is no."""
        return self.engines.get(ROWS_APART) is True

    def expected_seconds(self, rows: float) -> float:
        """How long the model takes for so many rows, by the packing machine."""
        one, many = self.seconds["1"], self.seconds["1000"]
        return one + rows * max(many - one, 0.0) / 999

    def to_json(self) -> str:
        """The text of `manifest.json`."""
        return json.dumps(self._plain(), indent=2, allow_nan=False) + "\n"

    def public(self) -> dict[str, Any]:
        """What a client may read: all but the golden rows, which may be somebody's data."""
        values = self._plain()
        del values["golden"]
        return values

    def _plain(self) -> dict[str, Any]:
        return {**asdict(self), "signature": self.signature.to_dict()}

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """Read the text of `manifest.json`; ValueError says in one line what is wrong with it."""
        try:
            values = parsing.parse(text)
        except ValueError as error:
            raise ValueError(f"is not JSON that this service reads ({error})") from error
        if not isinstance(values, dict) or type(values.get("format")) is not int:
            raise ValueError("has no format number, so it is no manifest of a packed model")
        if values["format"] != FORMAT:
            side = "this service" if values["format"] > FORMAT else "the artifact"
            raise ValueError(
                f"has format {values['format']}, this service reads format {FORMAT}: renew {side}"
            )
        try:
            manifest = parsing.read(cls, values)
            manifest.check()
        except ValueError as error:
            raise ValueError(f"does not have the shape of format {FORMAT} ({error})") from error
        return manifest

    def check(self) -> None:
        """Raise ShapeError where values of the right types cannot belong to a packed model."""
        self.signature.check()
        if not (self.name and self.name.isprintable()):
            raise ShapeError("name is empty, or holds characters that cannot be printed")
        for name, entry in self.files.items():
            if not SHA256.fullmatch(entry.sha256) or entry.bytes < 0:
                place = parsing.inside("files", name)
                raise ShapeError(f"{place} is no SHA-256 in hexadecimal with a size in bytes")
        for name in self.versions:
            if not DISTRIBUTION.fullmatch(name):
                raise ShapeError(f"{parsing.inside('versions', name)} is no name of a library")
        for rows in TIMED_ROWS:
            if not 0 <= self.seconds.get(rows, -1) <= LONGEST_SECONDS:
                raise ShapeError(f"seconds/{rows} is no time from 0 to {LONGEST_SECONDS} seconds")
        self.golden.check(self.signature)
