"""What can go wrong in training, each told in one line, with its sysexits code.

TrainingError             65 (bad data)
├── DataError             65 (rows that cannot be used: file, line and column)
├── MissingFileError      66 (a file is not there, or cannot be read)
├── MissingPackageError   69 (a package is not installed)
├── GateError             65 (a model that is not good enough to be published)
└── PackError             65 (a file or an estimator that cannot be packed)

ConversionError is none of these: what is not converted is packed with scikit-learn's engine.
"""

import os


class TrainingError(Exception):
    """Nothing was published; the text is one line.

    Names and values in it may come from the model file, so control characters become spaces.
    """

    exit_code = os.EX_DATAERR

    def __init__(self, text: str) -> None:
        super().__init__("".join(one if one.isprintable() else " " for one in text))


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
    """A package that is not installed; the text says how to install it."""

    exit_code = os.EX_UNAVAILABLE


class GateError(TrainingError):
    """A model that is not good enough to be published."""


class PackError(TrainingError):
    """A file or an estimator that cannot be packed."""


class ConversionError(Exception):
    """There is no ONNX model for an estimator; the text says why in one line."""
