"""What a packed model says of itself: the content of `manifest.json`.

The format number goes up by one whenever a reader of the old number could misread the new file:
a key removed, renamed or given another meaning, a file that must now be read in another way.
A new key that old readers may ignore does not change it. A reader takes its own number only, and
says which side to renew otherwise.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from service.model.signature import Signature

FORMAT = 1
ROWS_APART = "rows_apart"
REPORTS = "report/"  # what the names of files begin with that are there for people alone


def content_version(signature: Signature, files: Mapping[str, "FileEntry"]) -> str:
    """A name for the content: the same model and contract, the same version.

    The report does not count: it may be left out, or tell of the same model in other words.
    """
    described = {
        "signature": signature.to_dict(),
        "files": {
            name: entry.sha256 for name, entry in files.items() if not name.startswith(REPORTS)
        },
    }
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:12]


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
    outputs: Mapping[str, list[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One packed model.

    `version` names the content: the same model and signature have the same version, whatever the
    report on them says. `files` are all others in the folder. `created` is UTC in ISO 8601.
    `versions` are those of Python and the libraries that packed. `metrics` are
    plain numbers by name. `data` says where the training rows came from (file, sha256, rows,
    commit).
    `seconds` is the measured time of one prediction call by number of rows, on the packing machine.
    `engines` says how the engine was chosen: why, how many rows both answered equally and within
    which tolerance, and both engines' seconds; `training/compile.py` writes it. Its `rows_apart`
    says whether each row was proved to get the same answer alone as among others.
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
        return json.dumps(asdict(self), indent=2, allow_nan=False) + "\n"

    def public(self) -> dict[str, Any]:
        """What a client may read: all but the golden rows, which may be somebody's data."""
        values = asdict(self)
        del values["golden"]
        return values

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """Read the text of `manifest.json`; ValueError says in one line what is wrong with it."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"is not JSON ({error})") from error
        if not isinstance(values, dict) or not isinstance(values.get("format"), int):
            raise ValueError("has no format number, so it is no manifest of a packed model")
        if values["format"] != FORMAT:
            side = "this service" if values["format"] > FORMAT else "the artifact"
            raise ValueError(
                f"has format {values['format']}, this service reads format {FORMAT}: renew {side}"
            )
        try:
            if not {"1", "1000"} <= values["seconds"].keys():
                raise ValueError("seconds")
            return cls(
                **{
                    **values,
                    "files": {name: FileEntry(**entry) for name, entry in values["files"].items()},
                    "signature": Signature.from_dict(values["signature"]),
                    "golden": Golden(**values["golden"]),
                }
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"does not have the shape of format {FORMAT} ({error})") from error
