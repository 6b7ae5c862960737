"""Refuses samples in formats that cannot be read, with a command that converts them."""

import json
import shlex
import sys
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from service.model.installation import pip_install
from training.errors import DataError

READ = "a sample is CSV, or .parquet, .arrow or .feather, which keep types"
COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")


def _quoted(value: object) -> str:
    """A string literal of Python in double quotes: the shell's quotes around it are single."""
    return json.dumps(str(value), ensure_ascii=False)


def _array(path: Path) -> str:
    return f"DataFrame(numpy.load({_quoted(path)}))"


def _first_array(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as file:
            first = file.namelist()[0].removesuffix(".npy")
    except (OSError, IndexError, zipfile.BadZipFile):
        first = "NAME"
    return f"DataFrame(numpy.load({_quoted(path)})[{_quoted(first)}])"


def _by(call: str) -> Callable[[Path], str]:
    """An expression that reads a path by a call of pandas."""
    return lambda path: call.replace("PATH", _quoted(path))


# Texts of digits remain text: as numbers, codes would lose their leading zeros.
READERS: dict[str, tuple[str, Callable[[Path], str]]] = {
    ".npy": ("is an array of NumPy", _array),
    ".npz": ("holds arrays of NumPy", _first_array),
    ".json": ("is JSON", _by("read_json(PATH, dtype=False)")),
    ".jsonl": ("is JSON Lines", _by("read_json(PATH, dtype=False, lines=True)")),
    ".pkl": ("is a pickle", _by("read_pickle(PATH)")),
    ".xlsx": ("is a workbook of Excel", _by("read_excel(PATH, dtype=str)")),
    **dict.fromkeys(
        COMPRESSED,
        ("is compressed", _by("read_csv(PATH, dtype=str, keep_default_na=False)")),
    ),
}
SAME = {".ndjson": ".jsonl", ".pickle": ".pkl", ".joblib": ".pkl", ".xls": ".xlsx"}


def refuse(path: Path) -> None:
    """Raise DataError if a file has another format, by its suffix."""
    suffix = path.suffix.lower()
    suffix = SAME.get(suffix, suffix)
    if suffix not in READERS or not path.is_file():
        return
    what, reading = READERS[suffix]
    target = str(path.with_suffix("" if path.stem.endswith(".csv") else ".csv"))
    numpy = "numpy, " if suffix in (".npy", ".npz") else ""
    code = f"import {numpy}pandas; pandas.{reading(path)}.to_csv({_quoted(target)}, index=False)"
    line = shlex.join([sys.executable, "-c", code])
    if suffix == ".xlsx" and find_spec("openpyxl") is None:
        line = f"{pip_install('openpyxl')} && {line}"
    raise DataError(f"{path}: {what}, and {READ}; this converts it to {target}: {line}")
