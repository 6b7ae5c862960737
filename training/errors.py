"""The errors of training, each with one line of text and an exit code of sysexits.h.

TrainingError             65 (bad data)
├── DataError             65 (rows that cannot be used: file, line and column)
├── MissingFileError      66 (a file is not there, or cannot be read)
├── MissingPackageError   69 (a package is not installed)
├── GateError             65 (a model that is not good enough to be published)
└── PackError             65 (a file or an estimator that cannot be packed)

ConversionError is not among them: without an ONNX model, packing uses scikit-learn's engine.
"""

import os

from service.model.errors import SlipwayError


class TrainingError(SlipwayError):
    """Nothing was published."""


class DataError(TrainingError):
    """Rows that cannot be used."""


class MissingFileError(TrainingError):
    """A file that is not there, or cannot be read."""

    exit_code = os.EX_NOINPUT

    @classmethod
    def of(cls, path: object, error: OSError) -> "MissingFileError":
        """The error for a file that could not be opened or read."""
        return cls(f"{path}: cannot be read ({error.strerror})")


class MissingPackageError(TrainingError):
    """A package that is not installed; the text has the command that installs it."""

    exit_code = os.EX_UNAVAILABLE


class GateError(TrainingError):
    """A model that is not good enough to be published."""


class PackError(TrainingError):
    """A file or an estimator that cannot be packed."""


class ConversionError(Exception):
    """An estimator cannot be converted to ONNX; the text is the reason in one line."""


strict = False  # the tests set it
EXPECTED = (NotImplementedError, ImportError, MemoryError)  # what is not supported or not there


def reraise_own(error: Exception) -> None:
    """In the tests, raise an error again if Slipway's own code caused it, not a library or a model.

    If a conversion or a report fails, packing continues without it. That would hide errors of
    Slipway from the tests.
    """
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    module = str(trace.tb_frame.f_globals.get("__name__")) if trace else ""
    if strict and module.startswith("training.") and not isinstance(error, EXPECTED):
        raise error
