"""Try a fitted estimator: effects on the machine are refused, as when the service loads it."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from service.model import engines
from service.model.artifact import SCIKIT_LEARN
from service.model.audit import EffectError, no_effects
from training.errors import PackError

OWN = ("training",)  # modules are imported where they are used


@contextmanager
def trying(trusted: Collection[str] = ()) -> Iterator[None]:
    """Call the estimator only inside such a block; PackError if it tries to have an effect."""
    engines.prepare(SCIKIT_LEARN)
    try:
        with no_effects((*OWN, *trusted)):
            yield
    except EffectError as error:
        raise PackError(str(error)) from error
