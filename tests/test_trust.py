"""Unpickling: models come through, everything else is refused by name, before it runs."""

import bz2
import copyreg
import gzip
import io
import lzma
import os
import pickle
import subprocess
import sys
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from service.model import trust
from service.model.imports import imports
from service.model.names import allowed
from service.model.trust import UntrustedError


class Calls:
    """Unpickling it calls a function."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.reduced = (function, arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced


class Named:
    """Unpickling it looks for a name in a module, as a crafted file may."""

    def __init__(self, module: str, name: str) -> None:
        self.pickle = (
            b"\x80\x04"
            + b"".join(b"\x8c" + bytes([len(part)]) + part.encode() for part in (module, name))
            + b"\x93."
        )


def dumped(value: object, **options: Any) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(value, buffer, **options)
    return buffer.getvalue()


RECONSTRUCTOR: Any = vars(copyreg)["_reconstructor"]
COMPRESSIONS = ["zlib", "gzip", "bz2", "xz", "lzma"]
COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "not": bytes,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": partial(lzma.compress, format=lzma.FORMAT_ALONE),
    "zlib": zlib.compress,
}


@pytest.mark.parametrize("compression", COMPRESSED)
def test_a_file_that_would_run_something_never_does(tmp_path: Path, compression: str) -> None:
    trap = tmp_path / "trap"
    content = COMPRESSED[compression](pickle.dumps(Calls(os.mkdir, str(trap))))
    with pytest.raises(UntrustedError, match=r"posix\.mkdir"):
        trust.load(content)
    assert imports(trust.decompressed(content)) == [("posix", "mkdir")]
    assert not trap.exists()
    pickle.loads(trust.decompressed(content))  # noqa: S301
    assert trap.exists(), "the trap does not work, so the test proves nothing"


def test_a_trap_within_an_array_of_objects_never_runs(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    content = dumped(np.array([Calls(os.mkdir, str(trap)), "text"], dtype=object))
    with pytest.raises(UntrustedError, match=r"posix\.mkdir"):
        trust.load(content)
    assert ("posix", "mkdir") in imports(content)
    assert not trap.exists()


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_what_joblib_compresses_is_read(compression: str) -> None:
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    loaded = trust.load(dumped(model, compress=(compression, 3)))
    assert loaded.coef_.tolist() == model.coef_.tolist()


def frame(storage: str) -> pd.DataFrame:
    """A frame whose strings are kept so: pandas asks pyarrow to, if that is installed."""
    with pd.option_context("mode.string_storage", storage):
        return pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.Categorical(["u", "v"])})


@pytest.mark.parametrize(
    "value",
    [
        np.arange(5.0),
        np.array(["text", None], dtype=object),
        np.float64(2.5),
        np.random.RandomState(0),
        np.random.default_rng(0),
        frame("python"),
        FunctionTransformer(np.log1p),
        {"set": {1, 2}, "bytes": bytearray(b"x"), "slice": slice(1, 2)},
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_models_are_made_of_comes_through(value: object) -> None:
    assert type(trust.load(dumped(value))) is type(value)


def test_strings_that_pyarrow_keeps_are_refused_by_its_name() -> None:
    """It would make arrays of any bytes, without a look at them."""
    with pytest.raises(UntrustedError, match=r"pyarrow\.lib\._restore_array"):
        trust.load(dumped(frame("pyarrow")))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("builtins", "__import__"),
        ("subprocess", "Popen"),
        ("numpy", "memmap"),
        ("numpy", "load"),
        ("numpy", "fromfile"),
        ("numpy.lib.npyio", "DataSource"),
        ("pandas", "read_pickle"),
        ("pandas", "ExcelFile"),
        ("pandas", "eval"),
        ("joblib", "load"),
        ("joblib", "Memory"),
        ("scipy.io", "loadmat"),
        ("sklearn.datasets", "fetch_openml"),
        ("sklearn.datasets", "load_files"),
        ("sklearn.utils", "os.system"),
        ("sklearn.base", "os.system"),
        ("joblib.numpy_pickle", "os.system"),
        ("joblib.numpy_pickle", "NDArrayWrapper"),
        ("sklearn.metrics", "os.system"),
        ("sklearnish", "Model"),
        ("tests.test_trust", "Calls"),
    ],
)
def test_a_name_that_no_model_needs_is_refused(module: str, name: str) -> None:
    with pytest.raises(UntrustedError, match=name.replace(".", r"\.")):
        trust.load(Named(module, name).pickle)


def test_a_class_of_ones_own_is_refused_until_its_module_is_trusted() -> None:
    content = Named("tests.test_trust", "Calls").pickle
    with pytest.raises(UntrustedError, match=r"tests\.test_trust\.Calls"):
        trust.load(content)
    assert trust.load(content, ["tests.test_trust"]) is Calls
    assert trust.load(content, ["tests"]) is Calls
    with pytest.raises(UntrustedError):
        trust.load(content, ["tests.test"])


def test_a_damaged_compression_is_told() -> None:
    with pytest.raises(ValueError, match="cannot be decompressed"):
        trust.decompressed(gzip.compress(b"x" * 100)[:-9])


def test_listing_imports_imports_nothing() -> None:
    command = (
        "import sys; from service.model.imports import imports\n"
        f"found = imports({Named('antigravity', 'fly').pickle!r})\n"
        "assert found == [('antigravity', 'fly')]\n"
        "sys.exit('antigravity' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", command], check=True, cwd=Path(__file__).parent.parent)


def test_what_a_fitted_model_would_import_is_all_allowed() -> None:
    found = imports(dumped(LogisticRegression().fit([[0.0], [1.0]], ["a", "b"])))
    assert ("sklearn.linear_model._logistic", "LogisticRegression") in found
    assert all(allowed(module, name) for module, name in found)
