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
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from service.model import trust, unpickling
from service.model.trust import UntrustedError
from service.settings import Settings, SettingsError


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
        unpickling.load(content)
    assert unpickling.inspect(content).names == {"posix.mkdir"}
    assert not trap.exists()
    pickle.loads(unpickling.decompressed(content))  # noqa: S301
    assert trap.exists(), "the trap does not work, so the test proves nothing"


def test_a_trap_within_an_array_of_objects_never_runs(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    content = dumped(np.array([Calls(os.mkdir, str(trap)), "text"], dtype=object))
    with pytest.raises(UntrustedError, match=r"posix\.mkdir"):
        unpickling.load(content)
    assert "posix.mkdir" in unpickling.inspect(content).names
    assert not trap.exists()


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_what_joblib_compresses_is_read(compression: str) -> None:
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    loaded = unpickling.load(dumped(model, compress=(compression, 3)))
    assert loaded.coef_.tolist() == model.coef_.tolist()


def frame(storage: str) -> pd.DataFrame:
    """A frame whose strings have this storage; pandas uses pyarrow if it is installed."""
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
def test_the_objects_of_models_keep_their_type(value: object) -> None:
    assert type(unpickling.load(dumped(value))) is type(value)


@pytest.mark.parametrize("storage", ["python", "pyarrow"])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_frames_with_strings_of_either_storage_are_loaded_equal(
    storage: str, protocol: int
) -> None:
    """A name of a column is the same text, wherever pandas stored it."""
    rows = frame(storage)
    found = unpickling.load(pickle.dumps(rows, protocol=protocol))
    assert found.to_dict("list").keys() == rows.to_dict("list").keys()
    assert found.astype(object).equals(rows.astype(object))
    index = unpickling.load(pickle.dumps(rows.columns[1:], protocol=protocol))
    assert (type(index), index.tolist()) == (pd.Index, ["b", "c"])


def test_strings_that_pyarrow_keeps_are_read_without_it() -> None:
    content = pickle.dumps(frame("pyarrow").columns)
    command = (
        "import sys; sys.modules['pyarrow'] = None; from service.model.unpickling import load\n"
        f"assert load({content!r}).tolist() == ['a', 'b', 'c']"
    )
    subprocess.run([sys.executable, "-c", command], check=True, cwd=Path(__file__).parent.parent)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("builtins", "__import__"),
        ("subprocess", "Popen"),
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
        ("tests.test_unpickling", "Calls"),
    ],
)
def test_a_name_that_no_model_needs_is_refused(module: str, name: str) -> None:
    with pytest.raises(UntrustedError, match=name.replace(".", r"\.")):
        unpickling.load(Named(module, name).pickle)


def test_a_class_of_ones_own_is_refused_until_its_module_is_trusted() -> None:
    content = Named("tests.test_unpickling", "Calls").pickle
    with pytest.raises(UntrustedError, match=r"tests\.test_unpickling\.Calls"):
        unpickling.load(content)
    for trusted in ("tests.test_unpickling.Calls", "tests.test_unpickling", "tests"):
        assert unpickling.load(content, [trusted]) is Calls
        assert not unpickling.inspect(content, [trusted]).untrusted
    for other in ("tests.test", "tests.test_unpickling.Call", "Calls"):
        with pytest.raises(UntrustedError):
            unpickling.load(content, [other])


class Collected:
    """It is filled as pickle fills what is no list and no dictionary: by methods of its own."""

    def __init__(self) -> None:
        self.values: list[object] = []

    def __reduce__(self) -> tuple[Any, ...]:
        return (Collected, (), None, iter([1, 2]), iter([("a", 3)]))

    def append(self, value: object) -> None:
        self.values.append(value)

    def __setitem__(self, key: object, value: object) -> None:
        self.values.append((key, value))


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_an_object_of_a_trusted_class_is_filled_by_its_own_methods(protocol: int) -> None:
    content = pickle.dumps(Collected(), protocol=protocol)
    found = unpickling.load(content, ["tests.test_unpickling.Collected"])
    assert found.values == pickle.loads(content).values == [1, 2, ("a", 3)]  # noqa: S301
    assert not unpickling.inspect(content, ["tests.test_unpickling.Collected"]).untrusted


class Numbers(list[int]):
    """A list of one's own, with an attribute."""


@pytest.mark.parametrize("protocol", range(6))
def test_an_object_of_a_trusted_list_is_read_alike_by_load_and_inspect(protocol: int) -> None:
    numbers = Numbers([1, 2])
    numbers.unit = "mm"  # type: ignore[attr-defined]
    content = pickle.dumps(numbers, protocol=protocol)
    trusted = ["tests.test_unpickling.Numbers"]
    found = unpickling.load(content, trusted)
    assert type(found) is Numbers
    assert (list(found), vars(found)) == ([1, 2], {"unit": "mm"})
    assert not unpickling.inspect(content, trusted).untrusted


class WithState:
    """Takes its state itself: any of these."""

    def __setstate__(self, state: object) -> None:
        self.state = state


class Rebuilt:
    """Pickles as an object of a class with a state."""

    def __init__(self, kind: type, state: object) -> None:
        base = list if issubclass(kind, list) else object
        self.reduced = vars(copyreg)["_reconstructor"], (kind, base, base()), state

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced


@pytest.mark.parametrize("state", [{0: "a"}, (1, 2), {"a": 1}, ({0: "a"}, None), [1]])
def test_a_trusted_class_reads_any_state_of_its_own(state: object) -> None:
    content, trusted = pickle.dumps(Rebuilt(WithState, state)), ["tests.test_unpickling"]
    assert unpickling.load(content, trusted).state == state
    assert not unpickling.inspect(content, trusted).untrusted


@pytest.mark.parametrize("kind", [WithState, Numbers])
@pytest.mark.parametrize("state", [{"__class__": 1}, (None, {"__dict__": {}})])
def test_no_state_of_a_trusted_class_has_names_of_pythons(kind: type, state: object) -> None:
    content, trusted = pickle.dumps(Rebuilt(kind, state)), ["tests.test_unpickling"]
    with pytest.raises(UntrustedError, match="an attribute '__"):
        unpickling.load(content, trusted)
    assert unpickling.inspect(content, trusted).untrusted


def identity(value: object) -> object:
    """A function of one's own that gives back what it gets."""
    return value


@pytest.mark.parametrize(
    "name",
    [("sklearn.dummy", "DummyClassifier"), ("functools", "partial"), ("numpy", "ndarray")],
)
def test_code_of_ones_own_gets_no_object_of_the_unpickler(name: tuple[str, str]) -> None:
    content = b"ctests.test_unpickling\nidentity\n(c%b\n%b\ntR." % tuple(map(str.encode, name))
    trusted = ["tests.test_unpickling.identity"]
    with pytest.raises(UntrustedError, match=r"\.".join(name) + " as an argument"):
        unpickling.load(content, trusted)
    assert unpickling.inspect(content, trusted).untrusted


@pytest.mark.parametrize(
    "handed", [b"cnumpy\ncopysign\n", b"cbuiltins\nlist\n", b"ctests.test_unpickling\nidentity\n"]
)
def test_what_a_trusted_function_hands_on_gets_no_state(handed: bytes) -> None:
    content = b"ctests.test_unpickling\nidentity\n(%btR}Vmade\nI1\nsb." % handed
    with pytest.raises(UntrustedError, match="a change to"):
        unpickling.load(content, ["tests.test_unpickling"])
    assert not hasattr(np.copysign, "made")
    assert not hasattr(identity, "made")


def test_a_trusted_class_can_be_made_by_a_function_of_scikit_learn() -> None:
    content = b"csklearn.neighbors._kd_tree\nnewObj\n(ctests.test_unpickling\nCollected\ntR."
    trusted = ["tests.test_unpickling"]
    assert unpickling.load(content, trusted).values == []
    assert not unpickling.inspect(content, trusted).untrusted


def test_a_state_that_is_no_dictionary_needs_a_class_that_takes_it() -> None:
    with pytest.raises(ValueError, match=r"the state of tests\.test_unpickling\.Numbers"):
        unpickling.load(pickle.dumps(Rebuilt(Numbers, [1])), ["tests.test_unpickling"])


@pytest.mark.parametrize("name", ["os", "gzip", "Path", "np", "COMPRESSIONS", "dumped.__globals__"])
def test_a_trusted_module_gives_only_what_it_defines(name: str) -> None:
    content = Named("tests.test_unpickling", name).pickle
    with pytest.raises((UntrustedError, AttributeError), match=name.split(".")[-1]):
        unpickling.load(content, ["tests.test_unpickling"])


def test_a_damaged_compression_is_reported() -> None:
    with pytest.raises(ValueError, match="cannot be decompressed"):
        unpickling.decompressed(gzip.compress(b"x" * 100)[:-9])


def test_inspecting_imports_nothing() -> None:
    content = dumped([LogisticRegression().fit([[0.0], [1.0]], [0, 1]), pd.Index(["a"])])
    other = Named("antigravity", "fly").pickle
    names = {"sklearn.linear_model._logistic.LogisticRegression", "pandas.Index"}
    command = (
        "import sys; from service.model.unpickling import inspect\n"
        f"found = inspect({content!r}, ['mine.features'])\n"
        f"assert found.names >= {names!r}, found\n"
        f"assert inspect({other!r}).names == {{'antigravity.fly'}}\n"
        "sys.exit(any(name in sys.modules for name in ('antigravity', 'sklearn', 'pandas')))"
    )
    subprocess.run([sys.executable, "-c", command], check=True, cwd=Path(__file__).parent.parent)


def test_what_a_fitted_model_uses_is_all_listed() -> None:
    found = unpickling.inspect(dumped(LogisticRegression().fit([[0.0], [1.0]], ["a", "b"])))
    assert "sklearn.linear_model._logistic.LogisticRegression" in found.names
    assert not found.untrusted
    assert found.versions == {version("scikit-learn")}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("builtins", "part of Python"),
        ("builtins.eval", "part of Python"),
        ("os", "part of Python"),
        ("__main__", "--code SCRIPT.py:Class"),
        ("__main__.Model", "--code SCRIPT.py:Model"),
        ("cloudpickle", "code that the file brings"),
        ("cloudpickle.cloudpickle._make_function", "code that the file brings"),
        ("dill", "code that the file brings"),
        ("numpy", "as a whole"),
        ("sklearn", "as a whole"),
        ("sklearn.base.__builtins__", "how Python works"),
        ("mine.features.__getattr__", "how Python works"),
    ],
)
def test_what_could_run_any_program_cannot_be_trusted(name: str, reason: str) -> None:
    why = trust.problem(name)
    assert why is not None
    assert reason in why
    with pytest.raises(SettingsError, match="SERVICE_TRUSTED_MODULES: .*cannot be trusted"):
        Settings.from_environment({"SERVICE_TRUSTED_MODULES": name})
    module, _, attribute = name.rpartition(".")
    assert not trust.covers([name, module], module or name, attribute or "thing")


@pytest.mark.parametrize(
    "name", ["mine", "mine.Ratio", "lightgbm", "numpy.memmap", "mine.c.__pyx_unpickle_A"]
)
def test_ones_own_names_and_single_names_of_libraries_can_be_trusted(name: str) -> None:
    assert trust.problem(name) is None
