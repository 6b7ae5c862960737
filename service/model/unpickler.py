"""Python's own unpickler with joblib's arrays, and a check of every opcode that could do harm.

A pickle may use only the names of the allow-list. The unpickler turns classes and functions that
rebuild objects into tokens (`Named`): a pickle can call a token, and can do nothing else with it.
A pickle can set the state only of objects that it created, once each, and can fill only plain
containers.
"""

import io
import pickle
import struct
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Collection
from functools import partial
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from service.model import allowlist, pickled_methods, rebuilding
from service.model.pickled_calls import CALLS, name_of
from service.model.pickled_names import Loading, lookup
from service.model.pickled_objects import (
    VERSION,
    VERSIONS,
    Blank,
    Trusted,
    UnlistedStandIn,
    check_values,
)
from service.model.pickled_reading import Reading
from service.model.pickled_sizes import HASHED, Sizes, check_lists
from service.model.pickled_tokens import Named, Pending, Rebuilder, one_of, refuse, shown
from service.model.rebuilding import check_keys, from_file
from service.model.trust import UntrustedError

ARRAY_WRAPPER = ("joblib.numpy_pickle", "NumpyArrayWrapper")
LIVE = type, FunctionType, BuiltinFunctionType, ModuleType, np.ufunc
MAX_NAME_CHARACTERS = 300
ARRAY_CLASSES = ("numpy.ndarray", "numpy.matrix", "numpy.memmap")
ARRAY_FIELDS = frozenset(
    {"subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes"}
)


class Unpickler(Reading):
    """Reads one pickle. Every opcode that names, calls, fills or changes something is overridden.

    `names` resolves names: to objects for `load`, to stand-ins for `inspect`.
    """

    dispatch: ClassVar[dict[int, Callable[..., None]]] = dict(Reading.dispatch)

    def __init__(self, file: io.BytesIO, names: Loading) -> None:
        super().__init__(file)
        self.names = names
        self.known: dict[tuple[str, str], Any] = {}  # resolved names; keeps their ids valid
        self.functions: dict[int, Any] = {}  # functions that estimators may hold, by id
        # Objects that the pickle created and that have no state yet, by id, with their tokens.
        self.made: dict[int, tuple[Any, Named]] = {}
        self.waiting: dict[int, Pending] = {}
        self.sizes = Sizes()
        self.methods: list[tuple[str, Any]] = []

    def read_all(self) -> Any:
        """The object; UntrustedError, or ValueError if the content is not a complete pickle."""
        try:
            value = self.load()
        except (EOFError, IndexError, KeyError, pickle.UnpicklingError, struct.error) as error:
            raise ValueError(f"is damaged, or no pickle ({type(error).__name__})") from error
        if isinstance(value, Named) and not value.is_value:
            raise ValueError(f"holds the name {value.full_name}, no object: dump a fitted model")
        if self.waiting or isinstance(value, Pending):
            raise ValueError("is damaged: an object has no content")
        for name, named in self.methods:
            pickled_methods.check(name, named)
        return value

    def another(self) -> "Unpickler":
        """An unpickler for a pickle that follows within this one."""
        return Unpickler(self.file, self.names)

    # Names

    def find_class(self, module: str, name: str) -> Any:
        """Resolve a name. Protocols before 3 use the names of Python 2."""
        if self.proto < 3:
            if (module, name) in NAME_MAPPING:
                module, name = NAME_MAPPING[module, name]
            module = IMPORT_MAPPING.get(module, module)
        module = allowlist.MODULES.get(module, module)
        module, name = self.names.renamed.get((module, name), (module, name))
        full_name = f"{module}.{name}"
        if not full_name.isprintable() or len(full_name) > MAX_NAME_CHARACTERS:  # it is printed
            raise UntrustedError(f"the name {shown(full_name)}")
        if (module, name) not in self.known:
            self.known[module, name] = self.look_up(module, name)
        return self.known[module, name]

    def look_up(self, module: str, name: str) -> Any:
        """Resolve a name that occurs for the first time."""
        self.names.names.add(f"{module}.{name}")
        if (module, name) == ARRAY_WRAPPER:
            return Rebuilder(".".join(ARRAY_WRAPPER), self.read_array)
        if (module, name) in CALLS:
            return Rebuilder(f"{module}.{name}", partial(CALLS[module, name], self))
        found = lookup(module, name, self.names)
        if not isinstance(found, (Named, type)):
            self.functions[id(found)] = found
        return found

    def get_extension(self, code: int) -> None:
        """Refuse a name that was registered by number (copyreg.add_extension)."""
        raise UntrustedError(f"the registered name number {code}")

    def persistent_load(self, pid: Any) -> Any:
        """Refuse an object that is stored outside of the file."""
        raise UntrustedError("an object outside of the file")

    # Calls

    def token(self, value: Any) -> Named | None:
        """The token of a class or function; None for any other value, which cannot be called."""
        if isinstance(value, Named):
            return value
        own = self.names.owned.get(id(value))
        return own if own is not None and own.target is value else None

    def called(self, function: Any, arguments: Any) -> Any:
        """Execute REDUCE: only tokens and plain types can be called."""
        if type(arguments) is not tuple:
            raise UntrustedError("a call without a tuple of arguments")
        token = function if isinstance(function, Named) else self.token(function)
        if token is not None:
            return self.remember(token.call(arguments), token, arguments)
        if function is defaultdict:
            return rebuilding.default_dict(arguments)
        if isinstance(function, type):
            made = rebuilding.plain(function, arguments)
            return self.sizes.check(made) if function is frozenset else made
        raise UntrustedError(f"a call of {name_of(function)}")

    def created(self, cls: Any, arguments: Any, keywords: Any) -> Any:
        """Execute NEWOBJ."""
        if type(arguments) is not tuple or type(keywords) is not dict:
            raise UntrustedError("a call without a tuple of arguments")
        token = self.token(cls)
        if token is not None:
            return self.remember(token.new(arguments, keywords), token)
        if cls is object and not arguments and not keywords:
            return object()
        raise UntrustedError(f"a call of {name_of(cls)}.__new__")

    def remember(self, made: Any, maker: Named, arguments: tuple[Any, ...] = ()) -> Any:
        """Record that the pickle created this object, so that it may set the state.

        A trusted function may return its argument, or a function: the pickle created neither.
        """
        if isinstance(maker, Trusted) and (
            isinstance(made, LIVE) or any(made is one for one in arguments)
        ):
            self.made.pop(id(made), None)
            return made
        if isinstance(made, HASHED):
            self.sizes.check(made)
        if isinstance(made, Pending):
            self.waiting[id(made)] = made
        else:
            self.made.setdefault(id(made), (made, maker))
        return made

    def load_reduce(self) -> None:
        """REDUCE: call with a tuple of arguments."""
        arguments = self.stack.pop()
        self.stack[-1] = self.called(self.stack[-1], arguments)

    def load_newobj(self) -> None:
        """NEWOBJ: create an object of a class."""
        arguments = self.stack.pop()
        self.stack[-1] = self.created(self.stack[-1], arguments, {})

    def load_newobj_ex(self) -> None:
        """NEWOBJ_EX: the same with keywords."""
        keywords = self.stack.pop()
        arguments = self.stack.pop()
        self.stack[-1] = self.created(self.stack[-1], arguments, keywords)

    def _instantiate(self, klass: Any, args: Any) -> None:
        """INST and OBJ, of protocol 0 and 1: as REDUCE."""
        self.append(self.called(klass, tuple(args)))

    # States

    def load_build(self) -> None:
        """BUILD: set the state of an object that the pickle created, once."""
        state = self.stack.pop()
        target = self.stack[-1]
        if isinstance(target, Pending):
            self.finish(target, state)
            return
        _, maker = self.made.pop(id(target), (None, None))
        if maker is None:
            raise UntrustedError(f"a change to {name_of(target)}")
        saved = state.get(VERSION) if type(state) is dict else None
        versions = self.names.versions
        if type(saved) is str and saved not in versions and VERSIONS.fullmatch(saved):
            versions.add(saved)
        if not isinstance(maker, (Trusted, UnlistedStandIn)):
            check_lists(state)
            if type(state) is not dict or not pickled_methods.NAMING.isdisjoint(state):
                self.methods += pickled_methods.named_in(state)
        maker.build(target, state)

    def finish(self, pending: Pending, state: Any) -> None:
        """Make the object, and replace the pending one by it on the stack and in the memo."""
        if self.waiting.pop(id(pending), None) is None:
            raise UntrustedError("a second state for one object")
        made = pending.finish(state)
        if isinstance(made, np.ndarray) and made.dtype.hasobject:
            self.sizes.check_array(made)
        self.stack[-1] = made
        for key in pending.keys:
            self.memo[key] = made

    def read_array(self) -> Pending:
        """An array in joblib's format: the state describes it, its bytes follow in the file."""

        def finish(state: Any) -> NDArray[Any]:
            if type(state) is not dict or not state.keys() <= ARRAY_FIELDS:
                raise refuse("the description of an array")
            one_of(state.get("subclass"), *ARRAY_CLASSES)
            kind, shape, order = state.get("dtype"), state.get("shape"), state.get("order")
            alignment = state.get("numpy_array_alignment_bytes")
            if (
                not isinstance(kind, np.dtype)
                or not isinstance(shape, tuple)
                or not rebuilding.is_shape(shape)
                or order not in ("C", "F")
                or type(alignment) not in (int, type(None))
            ):
                raise refuse("the description of an array")
            if kind.hasobject:
                array = self.another().read_all()
                if type(array) is not np.ndarray:
                    raise refuse("an invalid array of objects")
                return array
            if alignment is not None:
                self.file.read(self.file.read(1)[0])
            return from_file(self.file, shape, kind, order)

        return Pending(finish)

    # Containers

    def load_tuple(self) -> None:
        """TUPLE: of all values above the mark."""
        values = tuple(self.pop_mark())
        self.append(self.sizes.check(values))

    def load_tuple1(self) -> None:
        """TUPLE1: of one value."""
        self.stack[-1:] = [self.sizes.check((self.stack[-1],))]

    def load_tuple2(self) -> None:
        """TUPLE2: of two values."""
        self.stack[-2:] = [self.sizes.check((self.stack[-2], self.stack[-1]))]

    def load_tuple3(self) -> None:
        """TUPLE3: of three values."""
        self.stack[-3:] = [self.sizes.check(tuple(self.stack[-3:]))]

    def load_frozenset(self) -> None:
        """FROZENSET: of all values above the mark."""
        values = self.pop_mark()
        check_keys(values)
        self.append(self.sizes.check(frozenset(values)))

    def container(self, kinds: tuple[type, ...], values: Collection[Any]) -> Any:
        """The container on top of the stack: a plain one, or an object that was just created."""
        target = self.stack[-1]
        if type(target) not in kinds:
            _, maker = self.made.get(id(target), (None, None))
            if maker is None or not set(kinds) & set(maker.fills):
                raise UntrustedError(f"a change to {name_of(target)}")
        check_values(values)
        return target

    def load_append(self) -> None:
        """APPEND: one value to a list."""
        self.extend([self.stack.pop()])

    def load_appends(self) -> None:
        """APPENDS: several values to a list."""
        self.extend(self.pop_mark())

    def extend(self, values: list[Any]) -> None:
        """Append values to the list on top of the stack."""
        target = self.container((list, deque), values)
        if isinstance(target, list):
            list.extend(target, values)
        elif isinstance(target, deque):
            target.extend(values)
        elif type(target) is not Blank:  # an object of a trusted class: as pickle does
            for value in values:
                target.append(value)

    def load_setitem(self) -> None:
        """SETITEM: put one key and value into a dictionary."""
        value = self.stack.pop()
        self.set_items([self.stack.pop(), value])

    def load_setitems(self) -> None:
        """SETITEMS: put several keys and values into a dictionary."""
        self.set_items(self.pop_mark())

    def set_items(self, items: list[Any]) -> None:
        """Put alternating keys and values into the dictionary on top of the stack."""
        if len(items) % 2:
            raise ValueError("is damaged: a key has no value")
        target = self.container((dict, OrderedDict, defaultdict, Counter), items)
        if type(target) is dict:
            keys = items[::2]
            check_keys(keys)
            target.update(zip(keys, items[1::2], strict=True))
        elif type(target) is not Blank:
            for key, value in zip(items[::2], items[1::2], strict=True):
                target[key] = value

    def load_additems(self) -> None:
        """ADDITEMS: add values to a set."""
        values = self.pop_mark()
        target = self.container((set,), values)
        if isinstance(target, set):
            check_keys(values)
            set.update(target, values)
        elif type(target) is not Blank:
            for value in values:
                target.add(value)

    # Memo

    def put(self, key: int) -> None:
        """Put the top of the stack into the memo. `finish` replaces a pending object there."""
        top = self.stack[-1]
        if type(top) is Pending:
            top.keys.append(key)
        self.memo[key] = top

    def load_put(self) -> None:
        """PUT: put the top of the stack into the memo, under a key in decimal digits."""
        self.put(int(self.readline()[:-1]))

    def load_binput(self) -> None:
        """BINPUT: the same, under a key of one byte."""
        self.put(self.read(1)[0])

    def load_long_binput(self) -> None:
        """LONG_BINPUT: the same, under a key of four bytes."""
        self.put(int.from_bytes(self.read(4), "little"))

    def load_memoize(self) -> None:
        """MEMOIZE: the same, under the next key."""
        memo = self.memo
        key = len(memo)
        top = memo[key] = self.stack[-1]
        if type(top) is Pending:
            top.keys.append(key)


for opcode, method in {
    pickle.REDUCE: Unpickler.load_reduce,
    pickle.NEWOBJ: Unpickler.load_newobj,
    pickle.NEWOBJ_EX: Unpickler.load_newobj_ex,
    pickle.BUILD: Unpickler.load_build,
    pickle.TUPLE: Unpickler.load_tuple,
    pickle.TUPLE1: Unpickler.load_tuple1,
    pickle.TUPLE2: Unpickler.load_tuple2,
    pickle.TUPLE3: Unpickler.load_tuple3,
    pickle.FROZENSET: Unpickler.load_frozenset,
    pickle.APPEND: Unpickler.load_append,
    pickle.APPENDS: Unpickler.load_appends,
    pickle.SETITEM: Unpickler.load_setitem,
    pickle.SETITEMS: Unpickler.load_setitems,
    pickle.ADDITEMS: Unpickler.load_additems,
    pickle.PUT: Unpickler.load_put,
    pickle.BINPUT: Unpickler.load_binput,
    pickle.LONG_BINPUT: Unpickler.load_long_binput,
    pickle.MEMOIZE: Unpickler.load_memoize,
}.items():
    Unpickler.dispatch[opcode[0]] = method
