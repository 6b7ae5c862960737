"""Functions that a pickle calls to create objects of a class; they need the unpickler."""

import copyreg
from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

from service.model import allowlist, estimator_names, older_names
from service.model.pickled_objects import Blank, Extension, Trusted, UnlistedStandIn
from service.model.pickled_tokens import Named, Pending, refuse
from service.model.trust import UntrustedError

if TYPE_CHECKING:
    from service.model.unpickler import Unpickler


def name_of(value: Any) -> str:
    """A value as text for an error. It calls no method of objects that the pickle created."""
    if isinstance(value, Named):
        return value.full_name
    if isinstance(value, FunctionType | type):
        return f"{value.__module__}.{value.__qualname__}"
    return f"an object of {type(value).__module__}.{type(value).__qualname__}"


def reconstruct(unpickler: "Unpickler", cls: Any, base: Any, state: Any) -> Any:
    """`copyreg._reconstructor`, of protocols before 2."""
    token = unpickler.token(cls)
    if isinstance(token, Trusted):
        return unpickler.remember(vars(copyreg)["_reconstructor"](cls, base, state), token)
    if isinstance(token, UnlistedStandIn):
        return unpickler.created(cls, (), {})
    if base is tuple and type(state) is tuple:
        return unpickler.created(cls, state, {})
    made = unpickler.created(cls, (), {})
    if base is dict and token is not None and dict in token.fills and type(state) is dict:
        if isinstance(made, dict):
            dict.update(made, state)
    elif base is not object:
        raise UntrustedError(f"the constructor of {name_of(base)}")
    return made


def new_object(unpickler: "Unpickler", cls: Any, *arguments: Any) -> Any:
    """`copyreg.__newobj__`, of protocols before 2."""
    return unpickler.created(cls, arguments, {})


def new_blank(unpickler: "Unpickler", cls: Any) -> Any:
    """`newObj` of scikit-learn's compiled modules: an object without content."""
    token = unpickler.token(cls)
    if token is None:
        raise UntrustedError(f"a call of {name_of(cls)}.__new__")
    return unpickler.remember(token.call(()), token)


def new_loss(unpickler: "Unpickler", cls: Any, checksum: Any, state: Any) -> Any:
    """`__pyx_unpickle_CyHalfMultinomialLoss`: a loss without parameters."""
    if (
        not isinstance(cls, Named)
        or cls.full_name != MULTINOMIAL
        or type(state) not in (tuple, type(None))
        or state
    ):
        raise refuse("a loss of scikit-learn")
    return unpickler.remember(cls.call(()), cls)


def older_loss(unpickler: "Unpickler", cls: Any, checksum: Any, state: Any) -> Any:
    """`__pyx_unpickle_*` of an older release: any compiled loss; its state is numbers."""
    if not isinstance(cls, Extension) or not cls.full_name.startswith(f"{older_names.LOSSES}.Cy"):
        raise refuse("a loss of scikit-learn")
    made = Blank() if cls.cls is None else cls.cls.__new__(cls.cls)
    if state is not None:
        cls.build(made, state)
    return unpickler.remember(made, cls)


def partial_call(unpickler: "Unpickler", function: Any) -> Pending:
    """`functools.partial` of a function that estimators may hold."""

    def finish(state: Any) -> Any:
        if type(state) is not tuple or len(state) != 4 or state[0] is not function:
            raise refuse("the state of a partial function")
        _, arguments, keywords, _ = state
        if type(arguments) is not tuple or type(keywords) is not dict:
            raise refuse("the state of a partial function")
        if isinstance(function, Named):
            return Blank()
        return partial(function, *arguments, **keywords)

    token = unpickler.token(function)
    if id(function) not in unpickler.functions and not (token is not None and token.is_value):
        raise UntrustedError(f"a partial call of {name_of(function)}")
    return Pending(finish)


MULTINOMIAL = "sklearn._loss._loss.CyHalfMultinomialLoss"
CALLS: dict[tuple[str, str], Callable[..., Any]] = {
    ("copyreg", "_reconstructor"): reconstruct,
    ("copyreg", "__newobj__"): new_object,
    ("functools", "partial"): partial_call,
    ("sklearn._loss._loss", "__pyx_unpickle_CyHalfMultinomialLoss"): new_loss,
    ("sklearn.metrics._dist_metrics", "newObj"): new_blank,
    ("sklearn.neighbors._ball_tree", "newObj"): new_blank,
    ("sklearn.neighbors._kd_tree", "newObj"): new_blank,
}
if allowlist.OLDER:
    CALLS |= {
        (older_names.LOSSES, f"{older_names.REBUILDS}{name}"): older_loss
        for name in estimator_names.EXTENSIONS[older_names.LOSSES].split()
    }
