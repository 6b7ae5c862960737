"""Ways past a list of names that others found: each uses trusted names alone, and none works."""

import copyreg
import os
import pickle
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sklearn
from pandas.core.computation.expr import Expr
from scipy import stats
from sklearn.metrics._scorer import _cached_call
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from service.model import distribution_rebuilding, unpickling
from service.model.audit import no_effects
from service.model.trust import UntrustedError
from tests.test_unpickling import Calls, Named, dumped

RECONSTRUCTOR: Any = vars(copyreg)["_reconstructor"]


class Rebuilt:
    """Unpickling it makes an object without its constructor and hands it a state."""

    def __init__(self, kind: type, state: object) -> None:
        self.reduced = (RECONSTRUCTOR, (kind, object, None), state)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced


def ways_in(trap: Path) -> dict[str, object]:
    """Pickles that use nothing but classes and functions of the usual libraries to do harm."""
    fit = make_pipeline(StandardScaler(), memory=str(trap))
    return {
        "an expression that is evaluated": Calls(
            Expr, f"@sys.modules['os'].mkdir({str(trap)!r})", "python", "pandas"
        ),
        "a scorer that calls fit": Calls(_cached_call, None, fit, "fit", [[0.0], [1.0]], [0, 1]),
        "an array in a file": Calls(np.memmap, str(trap), "uint8", "w+", 0, (1,)),
        "a partial that is called": Calls(partial(os.mkdir, str(trap))),
        "a base with a constructor": Calls(
            RECONSTRUCTOR,
            FunctionTransformer,
            FunctionTransformer,
            None,
        ),
    }


@pytest.mark.parametrize("way", ways_in(Path("/nowhere")))
@pytest.mark.parametrize("inside", [False, True], ids=["plain", "in an array of objects"])
def test_trusted_names_cannot_be_put_to_other_uses(tmp_path: Path, way: str, inside: bool) -> None:
    trap = tmp_path / "trap"
    value = ways_in(trap)[way]
    with pytest.raises(UntrustedError) as caught:
        unpickling.load(dumped(np.array([value, 1], dtype=object) if inside else value))
    assert re.fullmatch(r"\w+(\.\w+)*|", caught.value.name), "what the operator could trust"
    assert not trap.exists()


def test_a_class_cannot_be_changed_by_a_state() -> None:
    name = Named("sklearn.linear_model._logistic", "LogisticRegression").pickle[:-1]
    state = pickle.dumps((None, {"predict": 1}), protocol=2)[2:-1]
    with pytest.raises(
        UntrustedError, match="a change to sklearn.linear_model._logistic.LogisticRegression"
    ):
        unpickling.load(name + state + b"b.")


def framed(content: bytes, length: int) -> bytes:
    """A pickle of protocol 4 whose frame claims to have `length` bytes."""
    return pickle.PROTO + b"\x04" + pickle.FRAME + length.to_bytes(8, "little") + content


@pytest.mark.parametrize("length", [0, 1, 3, 6])
def test_a_frame_ends_where_it_likes_as_in_the_unpickler_of_c(length: int) -> None:
    content = framed(b"K\x07K\x08\x86.", length)
    assert unpickling.load(content) == pickle.loads(content) == (7, 8)  # noqa: S301


@pytest.mark.parametrize("length", [7, 2**40, 2**64 - 1])
def test_a_frame_is_as_long_as_it_says(length: int) -> None:
    with pytest.raises(ValueError, match="ends within a frame"):
        unpickling.load(framed(b"K\x07K\x08\x86.", length))


@pytest.mark.parametrize("names", [["__a"], ["a", "__a"], ["a", "b\0__c", "__a"], ["__a", "a"]])
@pytest.mark.parametrize("slots", [False, True])
def test_no_attribute_is_python_s_wherever_it_stands(names: list[str], slots: bool) -> None:
    state: object = dict.fromkeys(names, 1)
    with pytest.raises(UntrustedError, match="an attribute '__a'"):
        unpickling.load(dumped(Rebuilt(StandardScaler, (None, state) if slots else state)))


VERSION = {"_sklearn_version": sklearn.__version__}


@pytest.mark.parametrize("name", ["_a", "a__", "a\0__a", ""])
def test_other_attributes_are_not_python_s(name: str) -> None:
    loaded = unpickling.load(dumped(Rebuilt(StandardScaler, {name: 1, **VERSION})))
    assert vars(loaded)[name] == 1


class Text(str):
    """A string that is its own class."""

    __slots__ = ()


def test_the_name_of_an_attribute_is_text_and_no_subclass_of_it() -> None:
    content = dumped(Rebuilt(StandardScaler, {Text("a"): 1}))
    with pytest.raises(UntrustedError, match="an attribute of Text"):
        unpickling.load(content, [f"{__name__}.Text"])


# Those with parameters that have no default.
PARAMETERS: dict[str, tuple[float, ...]] = {
    "beta": (1, 2), "chi2": (3,), "gamma": (2,), "invgamma": (2,), "lognorm": (0.5,),
    "loguniform": (0.1, 10), "reciprocal": (0.1, 10), "pareto": (2,), "t": (3,), "triang": (0.5,),
    "truncexpon": (2,), "truncnorm": (-1, 2), "bernoulli": (0.5,), "binom": (5, 0.5),
    "geom": (0.5,), "nbinom": (5, 0.5), "poisson": (2,), "randint": (2, 5),
}  # fmt: skip
DISTRIBUTIONS = sorted(
    full_name.rpartition(".")[2].removesuffix("_gen")
    for full_name in distribution_rebuilding.DISTRIBUTIONS
)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_frozen_distribution_is_rebuilt_without_an_effect(name: str) -> None:
    made = getattr(stats, "loguniform" if name == "reciprocal" else name)
    frozen = made(*PARAMETERS.get(name, ()), loc=1)
    content = pickle.dumps(frozen)
    with no_effects():  # SciPy's constructors execute a text
        loaded = unpickling.load(content)
    assert (loaded.args, loaded.kwds, loaded.support()) == (
        frozen.args, frozen.kwds, frozen.support(),
    )  # fmt: skip
    assert np.array_equal(loaded.rvs(9, random_state=1), frozen.rvs(9, random_state=1))
    loaded.random_state = 7
    assert made.random_state is not loaded.random_state, "the one of scipy.stats stays as it was"
    assert pickle.loads(pickle.dumps(loaded)).mean() == frozen.mean()  # noqa: S301


def test_a_distribution_executes_nothing_of_its_state(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    state = {
        name: value
        for name, value in stats.norm.__dict__.items()
        if not callable(value) and name != "_random_state"
    }
    touch = f"import os; os.mkdir({str(trap)!r})"
    state["_parse_arg_template"] = f"{stats.norm._parse_arg_template}\n{touch}\n"
    loaded = unpickling.load(dumped(Rebuilt(type(stats.norm), state)))
    assert loaded is stats.norm
    assert touch not in loaded._parse_arg_template
    assert not trap.exists()
