"""Every opcode that names, calls, fills or changes something: what it may do, and what it may not.

The programs are written by hand (`by_hand.py`).
"""

import builtins
import pickle
import struct
import sys
import zoneinfo
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import sklearn.metrics._scorer
from sklearn.linear_model import LogisticRegression

from service.model import unpickling
from service.model.trust import UntrustedError
from tests.support.by_hand import (
    DATE_STATE,
    EMPTY,
    ESTIMATOR,
    FLOATS,
    NOTHING,
    OBJECTS,
    OF_ONE_HASH,
    SAVED,
    SCORE,
    SELECTION,
    STACK,
    STRUCTURE,
    array,
    arrays,
    called,
    dtype,
    lists,
    made,
    masked,
    name,
    nested,
    partial_of,
    program,
    structured,
    value,
    with_state,
    wrapped,
)

REFUSED: Mapping[str, bytes] = {
    # Names that are no classes and no functions, or none of a model's.
    "GLOBAL of builtins in a module": b"csklearn.base\n__builtins__\n.",
    "GLOBAL of a module's dictionary": b"cnumpy\n__dict__\n.",
    "GLOBAL of a package's path": b"csklearn\n__path__\n.",
    "GLOBAL of a module's own getattr": b"csklearn\n__getattr__\n.",
    "STACK_GLOBAL of a live dictionary": program(name("sklearn.metrics._scorer", "_SCORERS")),
    "STACK_GLOBAL of a live list": program(name("sklearn", "_submodules")),
    "STACK_GLOBAL of a module": program(name("sklearn.utils", "warnings")),
    "STACK_GLOBAL of a dotted name": program(name("sklearn.base", "BaseEstimator.__init__")),
    "STACK_GLOBAL of Slipway's own list": program(name("service.model.allowlist", "FUNCTIONS")),
    "STACK_GLOBAL of a function that reads files": program(name("numpy", "load")),
    "STACK_GLOBAL of a function that imports": program(name("sklearn.utils", "all_estimators")),
    "STACK_GLOBAL of a name of several lines": program(name("numpy\n  trusted  scipy", "x")),
    "STACK_GLOBAL of a name that moves the cursor": program(name("os", "mkdir\x1b[2K\r")),
    "STACK_GLOBAL of a name without end": program(name("mine", "a" * 10_000)),
    "INST of a class of Python's": b"(S'x'\nios\nPathLike\n.",
    "INST of a listed class": b"(isklearn.linear_model._logistic\nLogisticRegression\n.",
    # Calls.
    "REDUCE of a function that estimators keep": program(called(*SCORE, value([1]), value([1]))),
    "REDUCE of a ufunc": program(called("numpy", "log1p", value(1.0))),
    "REDUCE of a class": program(called(*ESTIMATOR)),
    "REDUCE of NumPy's array": program(called("numpy", "ndarray", value((3,)))),
    "REDUCE of a scalar type": program(called("numpy", "float64", value(1.0))),
    "REDUCE of a type that counts bytes": program(called("builtins", "bytearray", value(9))),
    "REDUCE of an object": program(
        made(*ESTIMATOR), value(SAVED), pickle.BUILD, pickle.EMPTY_TUPLE, pickle.REDUCE
    ),
    "REDUCE without a tuple": program(name("builtins", "set"), value([1]), pickle.REDUCE),
    "OBJ of a function": program(pickle.MARK, name(*SCORE), pickle.OBJ),
    "NEWOBJ of a function": program(name(*SCORE), pickle.EMPTY_TUPLE, pickle.NEWOBJ),
    "NEWOBJ of a plain type": program(name("builtins", "bytearray"), value((9,)), pickle.NEWOBJ),
    "NEWOBJ with arguments": program(name(*ESTIMATOR), value((1,)), pickle.NEWOBJ),
    "NEWOBJ_EX with keywords": program(
        name(*ESTIMATOR), pickle.EMPTY_TUPLE, value({"C": 1}), pickle.NEWOBJ_EX
    ),
    "a partial call of a class": program(partial_of(*ESTIMATOR)),
    "a partial call of a type": program(partial_of("builtins", "set")),
    "getattr of anything but text": program(
        called("builtins", "getattr", name("builtins", "list"), value("append"))
    ),
    "getattr of a hidden method": program(
        called("builtins", "getattr", name("builtins", "str"), value("__class__"))
    ),
    "bytes in an encoding of the file's": program(
        called("builtins", "bytearray", value("x"), value("rot13"))
    ),
    "a defaultdict of a function": program(called("collections", "defaultdict", name(*SCORE))),
    "a registered name": program(b"\x82\x01"),
    "a persistent object": program(value(1), pickle.BINPERSID),
    "a buffer outside of the file": program(value(b"x"), pickle.READONLY_BUFFER),
    # States.
    "BUILD of a class": program(name(*ESTIMATOR), value({"C": 1}), pickle.BUILD),
    "BUILD of a function": program(name(*SCORE), value({"x": 1}), pickle.BUILD),
    "BUILD of a list": program(value([]), value({"x": 1}), pickle.BUILD),
    "BUILD of a plain type": program(name("builtins", "set"), value({"x": 1}), pickle.BUILD),
    "BUILD a second time": program(
        made(*ESTIMATOR), value(SAVED), pickle.BUILD, value(SAVED), pickle.BUILD
    ),
    "a state with a hidden attribute": program(
        made(*ESTIMATOR), value({"__class__": 1}), pickle.BUILD
    ),
    "a state with a method of opcodes": program(
        made(*ESTIMATOR), value({"__setstate__": 1}), pickle.BUILD
    ),
    "a state in slots with a hidden attribute": program(
        made(*ESTIMATOR), value((None, {"__dict__": 1})), pickle.BUILD
    ),
    "a state whose keys are no text": program(made(*ESTIMATOR), value({1: 1}), pickle.BUILD),
    "a version that is no text": program(
        made(*ESTIMATOR), pickle.EMPTY_DICT, value("_sklearn_version"), FLOATS, pickle.SETITEM, b"b"
    ),
    "a version of several lines": program(
        made(*ESTIMATOR), value({"_sklearn_version": "1.0\nall is well"}), pickle.BUILD
    ),
    "a class kept in a state": program(
        made(*ESTIMATOR), pickle.EMPTY_DICT, value("C"), name(*ESTIMATOR), pickle.SETITEM, b"b"
    ),
    # Containers.
    "APPEND to an estimator": program(made(*ESTIMATOR), value(1), pickle.APPEND),
    "APPENDS to text": program(value("x"), pickle.MARK, value(1), pickle.APPENDS),
    "APPENDS of a class": program(value([]), pickle.MARK, name(*ESTIMATOR), pickle.APPENDS),
    "SETITEM of an estimator": program(made(*ESTIMATOR), value("a"), value(1), pickle.SETITEM),
    "SETITEMS of a list": program(value([1]), pickle.MARK, value(0), value(1), pickle.SETITEMS),
    "ADDITEMS to a list": program(value([]), pickle.MARK, value(1), pickle.ADDITEMS),
    # What NumPy would believe.
    "a structured dtype with hidden objects": program(
        called("numpy", "dtype", value("V8"), value(False), value(True)), STRUCTURE, pickle.BUILD
    ),
    "a dtype with a false size": program(
        dtype("f8", (3, "<", None, None, None, 16, -1, 0)),
    ),
    "a dtype by another text": program(called("numpy", "dtype", value("f8,O"), value(0), value(1))),
    "an array of objects from bytes": program(
        array(value(1), value((1,)), OBJECTS, value(False), value(b"12345678"))
    ),
    "an array with too few bytes": program(
        array(value(1), value((2,)), FLOATS, value(False), value(b"12345678"))
    ),
    "an array of a negative length": program(
        array(value(1), value((-1,)), FLOATS, value(False), EMPTY)
    ),
    "a scalar of an object": program(
        called("numpy._core.multiarray", "scalar", OBJECTS, value(b"12345678"))
    ),
    "a buffer of objects": program(
        called("numpy._core.numeric", "_frombuffer", value(b"12345678"), OBJECTS, value((1,)),
               value("C"))
    ),
    "a bit generator out of its buffer": program(
        called("numpy.random._pickle", "__bit_generator_ctor", value("MT19937")),
        value({"bit_generator": "MT19937", "state": {"key": [0], "pos": 2000}}),
        pickle.BUILD,
    ),
    "a bit generator of another class": program(
        called("numpy.random._pickle", "__bit_generator_ctor", name(*ESTIMATOR))
    ),
    # What is small in the file and endless outside.
    "TUPLE2 of the same tuple twice": program(nested(60)),
    "TUPLE1 of a tuple, very often": program(nested(2000, twice=False)),
    "FROZENSET of tuples inside each other": program(
        pickle.MARK, nested(23), value("x"), pickle.FROZENSET, nested(2), pickle.TUPLE2
    ),
    "NEWOBJ of named tuples inside each other": program(nested(60, triplets=True)),
    "SETITEMS of many keys of one hash": program(
        pickle.EMPTY_DICT, pickle.MARK, *(number + value(1) for number in OF_ONE_HASH), b"u"
    ),
    "ADDITEMS of many values of one hash": program(
        pickle.EMPTY_SET, pickle.MARK, *OF_ONE_HASH, pickle.ADDITEMS
    ),
    "FROZENSET of many values of one hash": program(pickle.MARK, *OF_ONE_HASH, pickle.FROZENSET),
    "REDUCE of set with many values of one hash": program(
        called("builtins", "set", pickle.MARK + b"".join(OF_ONE_HASH) + pickle.LIST)
    ),
    "a structured dtype inside each other": program(structured(40)),
    "lists inside each other, in a state": program(
        with_state("sklearn.isotonic", "IsotonicRegression", X_thresholds_=lists(60),
                   y_thresholds_=lists(60), out_of_bounds=value("clip"))
    ),
    "a seed without end": program(
        called("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence",
               name("numpy.random.bit_generator", "SeedSequence"), value(1),
               value((2**5000, 0, None, 4, ())))
    ),
    "arrays inside each other": program(arrays(200)),
    "an array of nothing": program(
        array(value(1), value((10**15,)), NOTHING, value(False), EMPTY)
    ),
    "an array wrapper of nothing": program(wrapped(shape=value((10**15,)), dtype=NOTHING)),
    "a masked array filled with lists": program(masked(value([[1], [2]]))),
    "a seed that is a list of lists": program(
        called("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence",
               name("numpy.random.bit_generator", "SeedSequence"), value(1),
               value(([[1]], 0, None, 4, ())))
    ),
    "a time zone outside of its folder": program(
        called("builtins", "getattr", name("zoneinfo", "ZoneInfo"), value("_unpickle")),
        value(("../absent", True)), pickle.REDUCE,
    ),
    "another method of a time zone": program(
        called("builtins", "getattr", name("zoneinfo", "ZoneInfo"), value("clear_cache"))
    ),
    # What predicting would do.
    "a pattern that is printed": program(called("re", "_compile", value("a"), value(128))),
    "a method that is none of predicting": program(
        with_state(*STACK, stack_method_=value(["eval"]))
    ),
    "a method that is put into its list later": program(
        value([]), pickle.PUT + b"7\n0", with_state(*STACK, stack_method_=b"g7\n"),
        b"g7\n", value("eval"), pickle.APPEND, pickle.TUPLE2,
    ),
    "a path to what is hidden": program(
        with_state(*SELECTION, importance_getter=value("predict.__globals__"))
    ),
    "a table in the place of an estimator": program(
        with_state("sklearn.frozen._frozen", "FrozenEstimator", estimator=made("pandas", "Series"))
    ),
    # joblib's arrays.
    "an array wrapper with a dtype that is text": program(wrapped(dtype=value("f8"))),
    "an array wrapper with a shape that is a list": program(wrapped(shape=value([1]))),
    "an array wrapper with an alignment that is text": program(
        wrapped(numpy_array_alignment_bytes=value("16"))
    ),
    "an array wrapper of another class": program(wrapped(subclass=name(*ESTIMATOR))),
    "an array wrapper with a method": program(wrapped(read=value(1))),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_load_and_inspect_refuse_the_same(kind: str) -> None:
    modules = set(sys.modules)
    with pytest.raises(UntrustedError):
        unpickling.load(REFUSED[kind])
    found = unpickling.inspect(REFUSED[kind])
    assert found.untrusted, "inspect calls it trusted"
    assert not {one for one in set(sys.modules) - modules if not one.startswith("sklearn")}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refusal_changes_nothing_that_lives(kind: str) -> None:
    live = (
        vars(sklearn.metrics._scorer), vars(sklearn.metrics._scorer)["_SCORERS"], vars(builtins),
        vars(LogisticRegression), vars(vars(sys.modules[SCORE[0]])[SCORE[1]]),
    )  # fmt: skip
    before = [dict(one) for one in live]
    with pytest.raises(UntrustedError):
        unpickling.load(REFUSED[kind])
    assert [dict(one) for one in live] == before


def dumped_by_hand() -> Mapping[str, tuple[bytes, Any]]:
    """Programs that are fine, with what they must give."""
    return {
        "an estimator": (
            program(made(*ESTIMATOR), value(SAVED), pickle.BUILD),
            lambda found: type(found) is LogisticRegression and found.C == 2.0,
        ),
        "a partial call of a function": (
            program(partial_of(*SCORE)),
            lambda found: found([1, 0], [1, 1]) == 0.5,
        ),
        "a ufunc": (program(name("numpy", "log1p")), lambda found: found is np.log1p),
        "a method of text": (
            program(called("builtins", "getattr", name("builtins", "str"), value("lower"))),
            lambda found: found("A") == "a",
        ),
        "a time zone": (
            pickle.dumps(zoneinfo.ZoneInfo("Europe/Oslo")),
            lambda found: found is zoneinfo.ZoneInfo("Europe/Oslo"),
        ),
        "a date": (
            program(array(value(1), value((1,)), dtype("M8", DATE_STATE), value(False),
                          value(struct.pack("<q", 1)))),
            lambda found: found.tolist() == [np.datetime64("1970-01-02").item()],
        ),
        "an array that is used twice": (
            program(pickle.MARK, array(value(1), value((1,)), FLOATS, value(False),
                                       value(struct.pack("<d", 7.5))),
                    pickle.BINPUT + b"\xf0", pickle.BINGET + b"\xf0", pickle.LIST),
            lambda found: found[0] is found[1] and found[0].tolist() == [7.5],
        ),
        "a joblib array": (
            program(wrapped())[:-1] + b"\x00" + struct.pack("<d", 2.5) + pickle.STOP,
            lambda found: found.tolist() == [2.5] and found.flags.writeable,
        ),
    }  # fmt: skip


@pytest.mark.parametrize("kind", dumped_by_hand())
def test_what_libraries_write_is_read(kind: str) -> None:
    content, is_right = dumped_by_hand()[kind]
    assert is_right(unpickling.load(content))
    assert not unpickling.inspect(content).untrusted


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80",
        b"\x80\x04",
        b"age,kind\n",
        program(value([1]), pickle.MARK, value(1), pickle.SETITEMS)[:-2],
        program(called("numpy", "dtype", value("f8"), value(False), value(True))),
        program(pickle.EMPTY_DICT, pickle.MARK, value(1), pickle.SETITEMS),
        program(wrapped(shape=value((10**12,)))),
        program(name(*ESTIMATOR)),
    ],
)
def test_what_is_no_whole_pickle_is_an_error_of_value(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"damaged|no pickle|no object"):
        unpickling.load(content)
