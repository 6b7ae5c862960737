"""The unfinished output of a run, which a later run can resume, and its publication in one step.

Until all rows are scored, they are in OUTPUT.part and OUTPUT.bad.part, and OUTPUT.state has the
number of bytes of each that are on the disk. OUTPUT itself is complete, or does not exist.
"""

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, astuple, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from service.batch.output import Format, Result
from service.model.errors import SlipwayError
from service.model.known_categories import Unknown, together

BAD = ".bad.csv"  # the file of rejected rows has the output's name and this suffix


class OutputError(SlipwayError):
    """The output cannot be written."""

    exit_code = os.EX_CANTCREAT


@dataclass(frozen=True, slots=True)
class State:
    """The progress of a run: blocks, rows, rejected rows, and the bytes of each file on the disk.

    `unknown` are values that the encoders do not know: the fields of `Unknown`, by input.
    """

    job: dict[str, Any]
    blocks: int = 0
    rows: int = 0
    bad: int = 0
    bytes: int = 0
    bad_bytes: int = 0
    unknown: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @property
    def unknown_values(self) -> dict[str, Unknown]:
        """Values that the encoders do not know, by input."""
        return {name: Unknown(*values) for name, values in self.unknown.items()}


class PartialOutput:
    """The open files of a run; `state` is its progress.

    `job` identifies input, model and options: only a run with an equal job resumes.
    """

    def __init__(self, output: Path, job: dict[str, Any], format: Format, bad_head: bytes) -> None:
        self.output = output
        self.bad_output = output.with_name(f"{output.name}{BAD}")
        self._format = format
        self._whole = output.with_name(f"{output.name}.whole")
        self._state_path = output.with_name(f"{output.name}.state")
        self._paths = [output.with_name(f"{output.name}{end}") for end in (".part", ".bad.part")]
        with ExitStack() as opened:
            try:
                self._files = [opened.enter_context(_opened(path)) for path in self._paths]
                fcntl.flock(self._files[0], fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise OutputError(f"{output}: another run is writing it") from error
            except OSError as error:
                raise OutputError(f"{output}: cannot be written ({error.strerror})") from error
            self.close = opened.pop_all().close
        self.state = self._found(job)
        for file, size in zip(self._files, (self.state.bytes, self.state.bad_bytes), strict=True):
            file.truncate(size)
            file.seek(size)
        if not self.state.blocks:
            self._files[0].write(format.head())
            self._files[1].write(bad_head)

    def write(self, result: Result) -> None:
        """Append the result of a block."""
        self._files[0].write(result.good)
        self._files[1].write(result.bad)
        state = self.state
        unknown = together(state.unknown_values, result.unknown)
        self.state = replace(
            state,
            blocks=state.blocks + 1,
            rows=state.rows + result.rows,
            bad=state.bad + result.rejected,
            unknown={name: astuple(one) for name, one in unknown.items()},
        )

    def save(self) -> None:
        """Flush everything to the disk, and record the progress."""
        sizes = [_synced(file) for file in self._files]
        self.state = replace(self.state, bytes=sizes[0], bad_bytes=sizes[1])
        fresh = self._state_path.with_name(f"{self._state_path.name}.new")
        fresh.write_text(json.dumps(asdict(self.state)))
        fresh.replace(self._state_path)

    def publish(self) -> None:
        """Rename the files to their final names, first the rejected rows, if there are any."""
        self.save()
        part, bad_part = self._paths
        whole = self._format.finish(part, self._whole)
        with whole.open("rb+") as file:
            _synced(file)
        if self.state.bad:
            bad_part.replace(self.bad_output)
        else:
            bad_part.unlink()
            self.bad_output.unlink(missing_ok=True)  # of an earlier run
        whole.replace(self.output)
        part.unlink(missing_ok=True)
        self._state_path.unlink()

    def drop(self) -> None:
        """Delete all files of the run."""
        for path in (*self._paths, self._whole, self._state_path):
            path.unlink(missing_ok=True)

    def _found(self, job: dict[str, Any]) -> State:
        """The state of an earlier run with an equal job, if its files are long enough; else a new
        one."""
        try:
            state = State(**json.loads(self._state_path.read_text()))
        except (OSError, ValueError, TypeError):
            return State(job)
        sizes = [path.stat().st_size for path in self._paths]
        whole = sizes[0] >= state.bytes and sizes[1] >= state.bad_bytes
        return state if whole and state.job == job else State(job)


def _opened(path: Path) -> BinaryIO:
    """A file to write at any position, created if it does not exist."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "wb")


def _synced(file: BinaryIO) -> int:
    """Flush a file to the disk, and return its size in bytes."""
    file.flush()
    os.fsync(file.fileno())
    return os.fstat(file.fileno()).st_size
