"""Rebuild SciPy's distributions, which a randomized search keeps, without running their state.

A pickled distribution holds a text that SciPy executes when it takes the state. The same
distribution stands in `scipy.stats`, so the state only says which one it is.
"""

from importlib import import_module
from typing import Any

import numpy as np

from service.model.rebuilding import Named, Pending, Rebuilder

MODULES = ("scipy.stats._continuous_distns", "scipy.stats._discrete_distns")
# The classes of `uniform`, `loguniform` and so on; the search of parameters uses few others.
DISTRIBUTIONS = frozenset(
    f"{module}.{name}_gen"
    for module, names in zip(
        MODULES,
        (
            "beta chi2 expon gamma halfnorm invgamma loguniform lognorm norm pareto reciprocal t "
            "triang truncexpon truncnorm uniform",
            "bernoulli binom geom nbinom poisson randint",
        ),
        strict=True,
    )
    for name in names.split()
)
INFRASTRUCTURE = "scipy.stats._distn_infrastructure"
FROZEN = frozenset(f"{INFRASTRUCTURE}.rv_{kind}_frozen" for kind in ("continuous", "discrete"))


class Distribution(Rebuilder):
    """The class of a distribution: what its state names is found in `scipy.stats`."""

    takes_state = waits = True

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Wait for the state."""
        return Pending(self.found)

    def found(self, state: Any) -> Any:
        """The one distribution of that name and class."""
        import scipy.stats  # heavy: only for models that keep one

        name = state.get("name") if type(state) is dict else None
        made = getattr(scipy.stats, name, None) if type(name) is str else None
        kind = type(made)
        if made is None or f"{kind.__module__}.{kind.__qualname__}" != self.full_name:
            raise ValueError("is damaged: a distribution is none of scipy.stats")
        return made


class Frozen(Rebuilder):
    """A distribution with its parameters, and the ends of its support.

    Its constructor would make the distribution anew, for which SciPy executes a text.
    """

    takes_state = waits = True

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Wait for the state."""
        return Pending(self.frozen)

    def frozen(self, state: Any) -> Any:
        """The distribution, frozen with plain numbers."""
        from scipy import stats

        given = state if type(state) is dict else {}
        distribution, arguments, keywords, *ends = map(
            given.get, ("dist", "args", "kwds", "a", "b")
        )
        _, _, kind = self.full_name.removesuffix("_frozen").rpartition(".")
        if (
            not isinstance(distribution, getattr(stats, kind))
            or type(arguments) is not tuple
            or type(keywords) is not dict
            or not all(type(key) is str for key in keywords)
            or not all(
                isinstance(value, int | float | np.number)
                for value in (*arguments, *keywords.values(), *ends)
            )
        ):
            raise ValueError("is damaged: a distribution has no parameters")
        own = object.__new__(type(distribution))  # frozen ones have a random state of their own
        vars(own).update(vars(distribution))
        made = object.__new__(getattr(import_module(INFRASTRUCTURE), f"{kind}_frozen"))
        vars(made).update(dist=own, args=arguments, kwds=keywords, a=ends[0], b=ends[1])
        return made


class Dropped(Rebuilder):
    """`numpy.vectorize`, which a discrete distribution keeps around a method of its own."""

    takes_state = waits = True

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Give nothing in its place."""
        return Pending(lambda state: None)


def named(full_name: str) -> Named | None:
    """What the unpickler may do with a name of `scipy.stats`; None if it is no distribution."""
    if full_name == "numpy.vectorize":
        return Dropped(full_name, dict)
    if full_name in DISTRIBUTIONS:
        return Distribution(full_name, dict)
    return Frozen(full_name, dict) if full_name in FROZEN else None
