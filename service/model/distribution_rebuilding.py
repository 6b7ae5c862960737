"""Rebuild SciPy's distributions, which randomized searches hold, without executing their state.

The state of a pickled distribution has source code that SciPy executes. `scipy.stats` has the same
distribution, so only its name is read from the state.
"""

from importlib import import_module
from typing import Any

import numpy as np

from service.model.pickled_tokens import Named, Pending, Rebuilder

MODULES = ("scipy.stats._continuous_distns", "scipy.stats._discrete_distns")
# The classes of `uniform`, `loguniform` and so on, which searches of parameters use.
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
    """The class of a distribution. The distribution itself is looked up in `scipy.stats`."""

    takes_state = waits = True

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """A placeholder until the state names the distribution."""
        return Pending(self.found)

    def found(self, state: Any) -> Any:
        """The distribution of this name and class."""
        import scipy.stats  # slow to import, and few models hold a distribution

        name = state.get("name") if type(state) is dict else None
        made = getattr(scipy.stats, name, None) if type(name) is str else None
        kind = type(made)
        if made is None or f"{kind.__module__}.{kind.__qualname__}" != self.full_name:
            raise ValueError("is damaged: a distribution is none of scipy.stats")
        return made


class Frozen(Rebuilder):
    """A frozen distribution: one with fixed parameters.

    Its constructor is not called: SciPy would execute source code for it.
    """

    takes_state = waits = True

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """A placeholder until the state has the parameters."""
        return Pending(self.frozen)

    def frozen(self, state: Any) -> Any:
        """The distribution with its parameters, which must be plain numbers."""
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
        own = object.__new__(type(distribution))  # a copy, which has its own random state
        vars(own).update(vars(distribution))
        made = object.__new__(getattr(import_module(INFRASTRUCTURE), f"{kind}_frozen"))
        vars(made).update(dist=own, args=arguments, kwds=keywords, a=ends[0], b=ends[1])
        return made


class Dropped(Rebuilder):
    """`numpy.vectorize`, which discrete distributions hold around one of their own methods."""

    takes_state = waits = True

    def call(self, arguments: tuple[Any, ...]) -> Any:
        """Replace it by None."""
        return Pending(lambda state: None)


def named(full_name: str) -> Named | None:
    """The token of a distribution of `scipy.stats`; None for any other name."""
    if full_name == "numpy.vectorize":
        return Dropped(full_name, dict)
    if full_name in DISTRIBUTIONS:
        return Distribution(full_name, dict)
    return Frozen(full_name, dict) if full_name in FROZEN else None
