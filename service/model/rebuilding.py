"""Rebuild objects of NumPy and Python from a pickle, and check every argument.

A pickle creates an object by a call, and often sets its content later, by a BUILD opcode. NumPy's
own functions trust that content: forged content makes them read memory outside of the object. The
functions of this module create the same objects by NumPy's public constructors. Until the content
is there, a `Pending` takes the object's place, so that nothing can use an incomplete object.
"""

import collections
import datetime
import decimal
import functools
import io
import itertools
import math
import re
import zoneinfo
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from service.model.allowlist import PLAIN_TYPES
from service.model.pickled_tokens import Argument, Named, Pending, Rebuilder, one_of, refuse, shown
from service.model.trust import UntrustedError

DTYPE = re.compile(r"[biufcmMOSUV][0-9]{0,9}")
DATE_UNIT = re.compile(rb"Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as|generic")
ZONE = re.compile(r"[A-Za-z0-9_+-]{1,40}(/[A-Za-z0-9_+-]{1,40}){0,2}")
TEXT_METHODS = ("casefold", "lower", "lstrip", "rstrip", "split", "splitlines", "strip", "upper")
MAX_KEYS_PER_HASH = 1000  # among the keys that one opcode puts into a set or dictionary
MAX_DIMENSIONS = 64  # NumPy's own limit
# NumPy walks through a structured dtype once for each field that has it as its type.
MAX_FIELDS, MAX_FIELD_DEPTH = 10_000, 8
FILL = bool | int | float | complex | str | bytes | None  # the fill value of a masked array
INTEGERS = frozenset({int, *(np.dtype(code).type for code in "bhilqBHILQ")})
PATTERN_FLAGS = re.A | re.I | re.L | re.M | re.S | re.U | re.X  # DEBUG would print the pattern


def dtype(name: Any, align: Any = False, copy: Any = True) -> Pending:
    """`numpy.dtype` of a plain type; its state may turn it into a structured one."""
    if type(name) is not str or not DTYPE.fullmatch(name):
        raise refuse(f"the dtype {shown(name)}")
    return Pending(functools.partial(_finished_dtype, name, bool(align)))


def _finished_dtype(name: str, align: bool, state: Any) -> np.dtype[Any]:
    if type(state) is not tuple or len(state) not in (8, 9):
        raise refuse("the state of a dtype")
    _, order, base, names, fields, size, *_ = state
    made: np.dtype[Any]
    if base is not None:
        made = np.dtype(_subarray(base))
    elif names is not None:
        made = np.dtype(_structure(names, fields, size), align=align)
    elif name[0] in "mM" and len(state) == 9:
        made = np.dtype(f"{name}[{_unit(state[8])}]")
    else:
        made = np.dtype(name)
    _check_fields(made)
    if order in ("<", ">"):
        made = made.newbyteorder(order)
    written = made.__reduce__()[2]  # the tuple that NumPy pickles
    if (written[3], *written[5:8]) != (names, *state[5:8]):
        raise refuse(f"the state of the dtype {made}"[:120])
    return made


def _check_fields(kind: np.dtype[Any]) -> None:
    todo = [(kind, 0)]
    for count in itertools.count():
        if not todo:
            return
        one, depth = todo.pop()
        if count > MAX_FIELDS or depth > MAX_FIELD_DEPTH:
            raise refuse("a structured dtype with these fields")
        inner = [one.base] if one.subdtype else [one[name] for name in one.names or ()]
        todo += [(part, depth + 1) for part in inner]


def _subarray(subarray: Any) -> Any:
    if type(subarray) is tuple and len(subarray) == 2:
        base, shape = subarray
        if isinstance(base, np.dtype) and not base.hasobject and is_shape(shape):
            return (base, shape)
    raise refuse("the state of a dtype of arrays")


def _structure(names: Any, fields: Any, size: Any) -> Any:
    if type(names) is not tuple or type(fields) is not dict or set(names) != set(fields):
        raise refuse("the names of a structured dtype")
    for name, field in fields.items():
        if type(name) is not str or type(field) is not tuple or len(field) != 2:
            raise refuse("a field of a structured dtype")
        kind, offset = field
        if not isinstance(kind, np.dtype) or kind.hasobject or type(offset) is not int:
            raise refuse("a field of a structured dtype")
    return {
        "names": list(names),
        "formats": [fields[name][0] for name in names],
        "offsets": [fields[name][1] for name in names],
        "itemsize": size,
    }


def _unit(metadata: Any) -> str:
    if type(metadata) is tuple and len(metadata) == 2 and type(metadata[1]) is tuple:
        unit, count, *_ = metadata[1]
        if type(unit) is bytes and DATE_UNIT.fullmatch(unit) and type(count) is int:
            return f"{count}{unit.decode()}" if unit != b"generic" else "generic"
    raise refuse("the unit of a dtype of dates")


def is_shape(shape: Any) -> bool:
    """Whether it is a tuple of non-negative integers, such as the shape of an array."""
    if type(shape) is not tuple or len(shape) > MAX_DIMENSIONS:
        return False
    for length in shape:  # noqa: SIM110  # a loop takes half as long as `all`
        if type(length) not in INTEGERS or length < 0:
            return False
    return True


def filled(shape: Any, kind: Any, fortran: Any, content: Any) -> NDArray[Any]:
    """An array of `shape` and dtype `kind` with this content: bytes, or a list of objects."""
    if not is_shape(shape) or not isinstance(kind, np.dtype):
        raise refuse("the shape or dtype of an array")
    count = math.prod(map(int, shape))
    if count and not kind.itemsize:  # a file of a few bytes could have any number of them
        raise refuse("an array of nothing")
    if kind.hasobject:
        if kind.kind != "O" or type(content) is not list or len(content) != count:
            raise refuse("an array of objects with this content")
        if any(issubclass(one, (Pending, Named)) for one in set(map(type, content))):
            raise refuse("an array of objects with this content")
        array = np.fromiter(content, dtype=kind, count=count)
    else:
        if type(content) not in (bytes, bytearray) or len(content) != count * kind.itemsize:
            raise refuse("an array whose bytes are fewer or more than its shape")
        order: Literal["C", "F"] = "F" if fortran else "C"
        return np.ndarray(shape, kind, buffer=content, order=order).copy(order)
    return array.reshape(shape, order="F" if fortran else "C")


def from_file(
    file: io.BytesIO, shape: tuple[int, ...], kind: np.dtype[Any], order: str
) -> NDArray[Any]:
    """An array whose bytes follow in the file, converted to this machine's byte order."""
    count = math.prod(map(int, shape))
    if count and not kind.itemsize:  # a file of a few bytes could have any number of them
        raise refuse("an array of nothing")
    if count * kind.itemsize > file.getbuffer().nbytes - file.tell():
        raise ValueError("is damaged: it ends within an array")
    array = np.empty(count, dtype=kind)
    if array.nbytes:
        file.readinto(array.view(np.uint8).data)
    array = array.reshape(shape[::-1]).T if order == "F" else array.reshape(shape)
    return array if kind.isnative else array.astype(kind.newbyteorder("="))


def reconstruct(kind: Any, shape: Any, code: Any) -> Pending:
    """`numpy._core.multiarray._reconstruct`: an array, made from its state."""
    name = one_of(kind, "numpy.ndarray", "numpy.matrix", "numpy.memmap")

    def finish(state: Any) -> NDArray[Any]:
        if type(state) is not tuple or len(state) not in (4, 5):
            raise refuse("the state of an array")
        array = filled(*state[-4:])
        return array.view(np.matrix) if name == "numpy.matrix" else array

    return Pending(finish)


def reconstruct_masked(kind: Any, base: Any, shape: Any, code: Any) -> Pending:
    """`numpy.ma.core._mareconstruct`: a masked array, made from its state."""
    one_of(kind, "numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray")
    one_of(base, "numpy.ndarray")

    def finish(state: Any) -> Any:
        if type(state) is not tuple or len(state) != 7:
            raise refuse("the state of a masked array")
        _, shape, kind, fortran, content, mask, fill = state
        if not isinstance(fill, np.generic | FILL) and getattr(fill, "shape", None) != ():
            raise refuse("the fill value of a masked array")
        array = filled(shape, kind, fortran, content)
        covered = filled(shape, np.dtype(bool), fortran, mask)
        return np.ma.MaskedArray(array, mask=covered, fill_value=fill)

    return Pending(finish)


def from_buffer(content: Any, kind: Any, shape: Any, order: Any, axes: Any = None) -> NDArray[Any]:
    """`numpy._core.numeric._frombuffer`: an array as protocol 5 stores it."""
    if not isinstance(kind, np.dtype) or kind.hasobject or order not in ("C", "F", "K"):
        raise refuse("an array of a buffer")
    if order == "K" and axes is not None:
        return filled(shape, kind, False, content).transpose(axes)
    return filled(shape, kind, order == "F", content)


def scalar(kind: Any, content: Any) -> Any:
    """`numpy._core.multiarray.scalar`: a NumPy scalar."""
    if not isinstance(kind, np.dtype) or kind.hasobject:
        raise refuse("a scalar")
    return filled((), kind, False, content)[()]


def encode(text: Any, encoding: Any) -> bytes:
    """`_codecs.encode`: bytes as protocols before 3 store them."""
    if type(text) is not str or encoding not in ("latin1", "latin-1"):
        raise refuse("a call of _codecs.encode")
    return text.encode("latin-1")


def pattern(text: Any, flags: Any) -> re.Pattern[Any]:
    """`re._compile`: a regular expression."""
    if type(text) not in (str, bytes) or type(flags) is not int or flags & ~PATTERN_FLAGS:
        raise refuse("a regular expression")
    return re.compile(text, flags)


def text_method(owner: Any, name: Any) -> Any:
    """`getattr`, for methods of `str` only: text vectorizers use them as tokenizers.

    For a pending object it returns None: SciPy's distributions hold some of their own methods, and
    are rebuilt without them. A time zone is pickled as a call of ZoneInfo's `_unpickle`.
    """
    if type(name) is str and isinstance(owner, Pending):
        return None
    named = owner.full_name if isinstance(owner, Argument) and type(name) is str else ""
    if (named, name) == ("zoneinfo.ZoneInfo", "_unpickle"):
        return Rebuilder(named, zone)
    if owner is not str or name not in TEXT_METHODS:
        raise UntrustedError("a call of builtins.getattr")
    return getattr(str, name)


def zone(key: Any, from_cache: Any) -> zoneinfo.ZoneInfo:
    """`zoneinfo.ZoneInfo._unpickle`: a time zone by its name."""
    if type(key) is not str or not ZONE.fullmatch(key):
        raise refuse("a time zone")
    try:
        return zoneinfo.ZoneInfo(key)
    except zoneinfo.ZoneInfoNotFoundError:
        raise ValueError(
            f"has times of the zone {key}, which this system does not have: install the package "
            "tzdata of Python or of the system"
        ) from None


def plain(kind: type, arguments: Sequence[Any]) -> Any:
    """Call a plain type with arguments of the types that pickles have for it.

    A number of bytes is not among them: `bytes(10**12)` would take all memory.
    """
    allowed = PLAIN_ARGUMENTS.get(kind)
    if kind is bytearray and len(arguments) == 2:
        return bytearray(encode(*arguments))
    if allowed is None or not all(type(one) in allowed for one in arguments):
        raise UntrustedError(f"a call of {kind.__module__}.{kind.__qualname__}")
    if kind in (set, frozenset) and arguments:
        check_keys(arguments[0])
    elif kind is collections.OrderedDict and arguments:
        check_keys([one[0] for one in arguments[0] if type(one) in (list, tuple) and one])
    return kind(*arguments)


def check_keys(keys: Sequence[Any]) -> None:
    """UntrustedError if many keys have the same hash: each is compared with all before it."""
    if len(keys) > MAX_KEYS_PER_HASH:
        [(_, count)] = collections.Counter([hash(key) for key in keys]).most_common(1)
        if count > MAX_KEYS_PER_HASH:
            raise refuse("keys of one hash")


FACTORIES = (None, *PLAIN_TYPES.values())
_PARTS = (int, str, bytes, datetime.timedelta, datetime.timezone)
PLAIN_ARGUMENTS: dict[type, tuple[type, ...]] = {
    object: (),
    bytes: (list, tuple),
    bytearray: (bytes,),
    complex: (float, int),
    set: (list, tuple),
    frozenset: (list, tuple),
    range: (int,),
    slice: (int, str, type(None)),
    decimal.Decimal: (str, tuple),
    collections.OrderedDict: (list, tuple),
    collections.Counter: (dict,),
    collections.deque: (list, tuple, int, type(None)),
    datetime.date: _PARTS,
    datetime.datetime: _PARTS,
    datetime.time: _PARTS,
    datetime.timedelta: (int,),
    datetime.timezone: (str, datetime.timedelta),
}


def default_dict(arguments: Sequence[Any]) -> Any:
    """A defaultdict whose factory is a plain type."""
    if len(arguments) > 1 or not all(any(one is kind for kind in FACTORIES) for one in arguments):
        raise UntrustedError("a call of collections.defaultdict")
    return collections.defaultdict(*arguments)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "_codecs.encode": encode,
    "builtins.getattr": text_method,
    "numpy.dtype": dtype,
    "numpy._core.multiarray._reconstruct": reconstruct,
    "numpy._core.multiarray.scalar": scalar,
    "numpy._core.numeric._frombuffer": from_buffer,
    "numpy.core.multiarray._reconstruct": reconstruct,
    "numpy.core.multiarray.scalar": scalar,
    "numpy.core.numeric._frombuffer": from_buffer,
    "numpy.ma.core._mareconstruct": reconstruct_masked,
    "re._compile": pattern,
}
# Classes that only these functions accept.
ARGUMENTS = frozenset(
    {
        "numpy.ndarray", "numpy.matrix", "numpy.memmap", "numpy.ma.MaskedArray",
        "numpy.ma.core.MaskedArray", "zoneinfo.ZoneInfo",
    }
)  # fmt: skip
