"""Writes pickles, opcode by opcode, that no library would write. All are harmless."""

import pickle
import struct
import sys
from importlib.metadata import version
from typing import Any

ESTIMATOR = ("sklearn.linear_model._logistic", "LogisticRegression")
SAVED = {"C": 2.0, "_sklearn_version": version("scikit-learn")}
SCORE = ("sklearn.metrics._classification", "accuracy_score")
DATE_STATE: tuple[Any, ...] = (4, "<", None, None, None, -1, -1, 0, ({}, (b"D", 1, 1, 1)))


def text(value: str) -> bytes:
    """A string on the stack."""
    return pickle.BINUNICODE + struct.pack("<I", len(value.encode())) + value.encode()


def name(module: str, attribute: str) -> bytes:
    """A name on the stack, by STACK_GLOBAL."""
    return text(module) + text(attribute) + pickle.STACK_GLOBAL


def value(content: object) -> bytes:
    """A plain value on the stack, as pickle writes it."""
    return pickle.dumps(content, protocol=2)[2:-1]


def program(*parts: bytes) -> bytes:
    """A whole pickle."""
    return pickle.PROTO + b"\x04" + b"".join(parts) + pickle.STOP


def made(module: str, attribute: str) -> bytes:
    """An object without a state on the stack, by NEWOBJ."""
    return name(module, attribute) + pickle.EMPTY_TUPLE + pickle.NEWOBJ


def called(module: str, attribute: str, *arguments: bytes) -> bytes:
    """The result of a call on the stack, by REDUCE."""
    return (
        name(module, attribute) + pickle.MARK + b"".join(arguments) + pickle.TUPLE + pickle.REDUCE
    )


def dtype(kind: str, state: object) -> bytes:
    return called("numpy", "dtype", value(kind), value(False), value(True)) + value(state) + b"b"


def array(*state: bytes) -> bytes:
    parts = (name("numpy", "ndarray"), value((0,)), value(b"b"))
    start = called("numpy._core.multiarray", "_reconstruct", *parts)
    return start + pickle.MARK + b"".join(state) + pickle.TUPLE + pickle.BUILD


FLOATS = dtype("f8", (3, "<", None, None, None, -1, -1, 0))
OBJECTS = dtype("O8", (3, "|", None, None, None, -1, -1, 63))
STRUCTURE = (
    pickle.MARK + value(3) + value("|") + value(None) + value(("a",)) + pickle.EMPTY_DICT
    + value("a") + pickle.MARK + OBJECTS + value(0) + pickle.TUPLE + pickle.SETITEM
    + value(8) + value(1) + value(0) + pickle.TUPLE
)  # fmt: skip
NOTHING = dtype("V0", (3, "|", None, None, None, 0, 1, 0))
OF_ONE_HASH = [value(number * sys.hash_info.modulus) for number in range(1500)]
EMPTY = pickle.SHORT_BINBYTES + b"\0"
STACK = ("sklearn.ensemble._stacking", "StackingClassifier")
SELECTION = ("sklearn.feature_selection._from_model", "SelectFromModel")


def nested(levels: int, *, twice: bool = True, triplets: bool = False) -> bytes:
    """Nested tuples; with `twice`, each has the next one two times."""
    start = name("sklearn.impute._iterative", "_ImputerTriplet") if triplets else b""
    inner = value((1,))
    for _ in range(levels):
        pair = pickle.PUT + b"77\n" + (pickle.GET + b"77\n" + pickle.TUPLE2 if twice else b"\x85")
        inner = start + inner + pair + (pickle.NEWOBJ if triplets else b"")
    return inner


def lists(levels: int) -> bytes:
    """Nested lists, each of which has the next one two times."""
    inner = value([1.0])
    for _ in range(levels):
        inner += pickle.PUT + b"77\n0" + pickle.MARK + 2 * b"g77\n" + pickle.LIST
    return inner


def structured(levels: int) -> bytes:
    """Nested dtypes, each of which has the next one as the type of two fields."""
    inner = NOTHING
    for _ in range(levels):
        field = value(0) + pickle.TUPLE2
        inner = (
            inner + pickle.PUT + b"77\n0"
            + called("numpy", "dtype", value("V0"), value(0), value(1))
            + pickle.MARK + value(3) + value("|") + value(None) + value(("a", "b"))
            + pickle.EMPTY_DICT + value("a") + b"g77\n" + field + pickle.SETITEM
            + value("b") + b"g77\n" + field + pickle.SETITEM
            + value(0) + value(1) + value(16) + pickle.TUPLE + pickle.BUILD
        )  # fmt: skip
    return inner


def arrays(levels: int) -> bytes:
    """Nested arrays."""
    inner = value(0)
    for _ in range(levels):
        items = pickle.MARK + b"g77\n" + pickle.LIST
        state = array(value(1), value((1,)), OBJECTS, value(False), items)
        inner = inner + pickle.PUT + b"77\n0" + state
    return inner


def masked(fill: bytes) -> bytes:
    parts = name("numpy.ma.core", "MaskedArray"), name("numpy", "ndarray"), value((0,)), value(b"b")
    state = value(1) + value((0,)) + FLOATS + value(False) + EMPTY + EMPTY + fill
    start = called("numpy.ma.core", "_mareconstruct", *parts)
    return start + pickle.MARK + state + pickle.TUPLE + pickle.BUILD


def with_state(module: str, attribute: str, **attributes: bytes) -> bytes:
    """An object of a class with these attributes."""
    saved = value("_sklearn_version") + value(version("scikit-learn"))
    items = saved + b"".join(value(key) + one for key, one in attributes.items())
    state = pickle.EMPTY_DICT + pickle.MARK + items + pickle.SETITEMS
    return made(module, attribute) + state + pickle.BUILD


WRAPPER = {"order": "C", "allow_mmap": False, "numpy_array_alignment_bytes": 16}


def wrapped(**fields: bytes) -> bytes:
    """Joblib's description of an array."""
    given = {"subclass": name("numpy", "ndarray"), "shape": value((1,)), "dtype": FLOATS,
             **{key: value(one) for key, one in WRAPPER.items()}, **fields}  # fmt: skip
    state = b"".join(value(key) + one for key, one in given.items())
    start = made("joblib.numpy_pickle", "NumpyArrayWrapper")
    return start + pickle.EMPTY_DICT + pickle.MARK + state + pickle.SETITEMS + pickle.BUILD


def partial_of(module: str, attribute: str) -> bytes:
    start = called("functools", "partial", name(module, attribute))
    state = name(module, attribute) + value(()) + value({}) + value(None)
    return start + pickle.MARK + state + pickle.TUPLE + pickle.BUILD
