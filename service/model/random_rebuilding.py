"""Rebuild NumPy's random number generators, which models hold as `random_state`.

A position outside of its buffer would make a generator read memory outside of it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from service.model.pickled_tokens import Pending, one_of, refuse, shown

BIT_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
# By key in the state of a bit generator: the largest position in its buffer. NumPy does not check.
MAX_POSITIONS = {"pos": 624, "buffer_pos": 4}


def bit_generator(which: Any) -> Pending:
    """`numpy.random._pickle.__bit_generator_ctor`."""
    if type(which) is not str:
        which = one_of(which, *(f"numpy.random._{name.lower()}.{name}" for name in BIT_GENERATORS),
                       "numpy.random._pcg64.PCG64DXSM").rsplit(".", 1)[1]  # fmt: skip
    if type(which) is not str or which not in BIT_GENERATORS:
        raise refuse(f"the bit generator {shown(which)}")

    def finish(state: Any) -> Any:
        content, seed = state if type(state) is tuple and len(state) == 2 else (state, None)
        if seed is not None and not isinstance(seed, np.random.SeedSequence):
            raise refuse("the seed of a bit generator")
        made = getattr(np.random, which)(seed if seed is not None else 0)
        made.state = _bits(content, which)
        return made

    return Pending(finish)


def _bits(state: Any, which: str) -> dict[str, Any]:
    """The state of a bit generator; UntrustedError if a position is outside of its buffer."""
    if type(state) is not dict or state.get("bit_generator") != which:
        raise refuse("the state of a bit generator")
    inner = state.get("state")
    for part in (state, inner) if type(inner) is dict else (state,):
        for name, most in MAX_POSITIONS.items():
            if name in part and not (type(part[name]) is int and 0 <= part[name] <= most):
                raise refuse("the state of a bit generator")
    return state


def random_state(which: Any = "MT19937", *_: Any) -> Pending:
    """`numpy.random._pickle.__randomstate_ctor`."""

    def finish(state: Any) -> np.random.RandomState:
        if type(state) is not dict:
            raise refuse("the state of a RandomState")
        name = str(state.get("bit_generator"))
        made = np.random.RandomState(_generator_of(which, name))
        made.set_state(_bits(state, name))
        return made

    return Pending(finish)


def generator(which: Any = "MT19937", *_: Any) -> np.random.Generator:
    """`numpy.random._pickle.__generator_ctor`, with a bit generator that has its state."""
    if not isinstance(which, np.random.BitGenerator):
        raise refuse("a random generator without its bits")
    return np.random.Generator(which)


def _generator_of(which: Any, name: str) -> np.random.BitGenerator:
    if isinstance(which, np.random.BitGenerator):
        return which
    if type(which) is str and which == name and name in BIT_GENERATORS:
        made: np.random.BitGenerator = getattr(np.random, name)(0)
        return made
    raise refuse("the bit generator of a RandomState")


MAX_SEED = 2**4096


def _are_integers(seed: Any) -> bool:
    """Whether it is a valid seed. NumPy would walk every level of nested lists."""
    if isinstance(seed, list | tuple):
        return all(isinstance(one, int | np.integer) and one < MAX_SEED for one in seed)
    if isinstance(seed, int):  # NumPy processes 32 bits at a time
        return seed < MAX_SEED
    return isinstance(seed, np.integer | None) or (
        type(seed) is np.ndarray and seed.dtype.kind in "iu"
    )


def seed_sequence(kind: Any, checksum: Any, state: Any) -> Any:
    """NumPy's SeedSequence; its state is an argument of the call, or follows later."""
    one_of(kind, "numpy.random.bit_generator.SeedSequence")

    def finish(state: Any) -> np.random.SeedSequence:
        if type(state) is not tuple or len(state) != 5:
            raise refuse("the state of a SeedSequence")
        entropy, spawned, _, pool_size, key = state
        if type(pool_size) is not int or not 4 <= pool_size <= 1024 or type(spawned) is not int:
            raise refuse("the state of a SeedSequence")
        if not (_are_integers(entropy) and _are_integers(key)):
            raise refuse("the state of a SeedSequence")
        return np.random.SeedSequence(
            entropy, spawn_key=key, pool_size=pool_size, n_children_spawned=spawned
        )

    return Pending(finish) if state is None else finish(state)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "numpy.random._pickle.__bit_generator_ctor": bit_generator,
    "numpy.random._pickle.__generator_ctor": generator,
    "numpy.random._pickle.__randomstate_ctor": random_state,
    "numpy.random.bit_generator.__pyx_unpickle_SeedSequence": seed_sequence,
}
# Classes that only these functions accept.
ARGUMENTS = frozenset(
    {
        "numpy.random.bit_generator.SeedSequence",
        "numpy.random._mt19937.MT19937", "numpy.random._pcg64.PCG64",
        "numpy.random._pcg64.PCG64DXSM", "numpy.random._philox.Philox",
        "numpy.random._sfc64.SFC64",
    }
)  # fmt: skip
