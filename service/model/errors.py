"""Errors that end a command or a start, and errors of other libraries as one line."""

import os


class SlipwayError(Exception):
    """A command, or the start of the service, cannot continue.

    The text is one line: what is wrong, and what to do. It may contain names and values of a file
    or a client, so control characters become spaces. `exit_code` is one of sysexits.h.

    SlipwayError
    ├── ArtifactError   65 (66 missing, 69 unavailable): an artifact that must not be served
    ├── SettingsError   78: a setting that cannot be used
    ├── InputError      65 (66 missing, 69 not installed): a file that cannot be scored
    ├── OutputError     73: an output that cannot be written
    ├── WorkerLostError 75: a process that was ended from outside
    ├── UnreadableError 66, UnwritableError 73: slipway/options.py
    ├── BenchError      69 (73 no file for the figures): a model that cannot be measured
    └── TrainingError   65 (66 missing): training/errors.py
    """

    exit_code = os.EX_DATAERR

    def __init__(self, text: str) -> None:
        super().__init__("".join(one if one.isprintable() else " " for one in text))


def one_line(error: object, longest: int = 200) -> str:
    """An error of another library in one line of at most `longest` characters, or any text.

    An exception begins with the name of its class.
    """
    text = f"{type(error).__name__}: {error}" if isinstance(error, Exception) else str(error)
    return " ".join(text.split())[:longest].rstrip(": ")
