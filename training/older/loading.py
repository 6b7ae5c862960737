"""Unpickles a model of an older scikit-learn, and migrates it to the installed one."""

import io
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from service.model import pickled_methods
from service.model.own_code import NONE, OwnCode
from service.model.pickled_names import Inspecting, Inspection, Loading
from service.model.pickled_objects import VERSION, VERSIONS, Blank, Instance
from service.model.pickled_sizes import check_lists
from service.model.pickled_tokens import Named, Pending
from service.model.trust import UntrustedError
from service.model.unpickler import Unpickler
from service.model.unpickling import decompressed
from training.older import migrations, names
from training.older.environment import Version, parsed

# Classes whose objects may become those of another class, which depends on their state.
STATE_DEPENDENT = frozenset(
    {
        "sklearn.ensemble._weight_boosting.AdaBoostClassifier",
        "sklearn.linear_model._logistic.LogisticRegression",
    }
)


class StateDependent(Named):
    """A class of `STATE_DEPENDENT`: its objects are made by BUILD, once their state is known."""

    is_value = False

    def __init__(self, instance: Instance, version: Version) -> None:
        super().__init__(instance.full_name)
        self.instance = instance
        self.version = version

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Wait for the state; protocols before 2 create objects in this way."""
        return self.new(arguments, {})

    def new(self, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Wait for the state."""
        if arguments or keywords:
            raise UntrustedError(f"arguments for {self.full_name}")
        return Pending(self._made)

    def _made(self, state: Any) -> Any:
        Instance(self.full_name).build(None, state)  # without a class it only checks
        cls = self.instance.cls
        if cls is None:
            return Blank(self.full_name)
        state = migrations.migrated(cls, state, self.version)
        one = Instance(self.full_name, migrations.class_of(cls, state))
        made = one.new((), {})
        one.build(made, state)
        return made


class OlderUnpickler(Unpickler):
    """The unpickler of all models, with the names and attributes of an older release."""

    def __init__(self, file: io.BytesIO, found: Loading, version: Version) -> None:
        super().__init__(file, found)
        self.version = version

    def another(self) -> "OlderUnpickler":
        """An unpickler for a pickle inside of this one."""
        return OlderUnpickler(self.file, self.names, self.version)

    def find_class(self, module: str, name: str) -> Any:
        """Find the object of a name, by its current name."""
        return super().find_class(*names.current(module, name))

    def look_up(self, module: str, name: str) -> Any:
        """Find the object of a name, or its replacement if it was removed."""
        found = names.replacement(module, name)
        if found is None:
            found = super().look_up(module, name)
            depends = isinstance(found, Instance) and found.full_name in STATE_DEPENDENT
            return StateDependent(found, self.version) if depends else found
        self.names.names.add(f"{module}.{name}")
        return found

    def load_build(self) -> None:
        """BUILD: migrate the state first."""
        target, state = self.stack[-2:]
        _, maker = self.made.get(id(target), (None, None))
        cls = getattr(maker, "cls", None)  # None while it is inspected
        if cls is not None:
            self.stack[-1] = migrations.migrated(cls, state, self.version)
        if isinstance(target, Pending):
            self.check_later_state(state)
        super().load_build()

    def check_later_state(self, state: Any) -> None:
        """Check the state of an object that is made later, as if it were made now."""
        if type(state) is dict:
            saved = state.get(VERSION)
            if type(saved) is str and VERSIONS.fullmatch(saved):
                self.names.versions.add(saved)
        elif type(state) is not tuple or len(state) != 2:  # no attributes: of an array
            return
        check_lists(state)
        self.methods += pickled_methods.named_in(state)

    dispatch: ClassVar[dict[int, Any]] = {**Unpickler.dispatch, ord(b"b"): load_build}


def load(content: bytes, version: str, trusted: Collection[str] = (), code: OwnCode = NONE) -> Any:
    """The estimator in a file that this version of scikit-learn saved."""
    file = io.BytesIO(decompressed(content))
    return OlderUnpickler(file, Loading(trusted, code), parsed(version)).read_all()


def inspect(
    content: bytes, version: str, trusted: Collection[str] = (), code: OwnCode = NONE
) -> Inspection:
    """What `load` would use, without importing it."""
    found = Inspecting(trusted, code)
    try:
        OlderUnpickler(io.BytesIO(decompressed(content)), found, parsed(version)).read_all()
    except UntrustedError as error:
        found.found.untrusted.append(error)
    except Exception:
        if not found.found.untrusted:
            raise
    return found.found
