"""Call a fitted estimator, and refuse its side effects, as the service does when it loads it."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from service.model import engines
from service.model.artifact import SCIKIT_LEARN
from service.model.audit import EffectError, no_effects
from service.model.engines import Column, ScikitLearn
from service.model.signature import Signature
from training.errors import PackError

OWN = ("training",)  # packages whose modules may be imported within a block


@contextmanager
def refuse_side_effects(trusted: Collection[str] = ()) -> Iterator[None]:
    """Call an estimator only within such a block; PackError if it attempts a side effect."""
    engines.prepare(SCIKIT_LEARN)
    try:
        with no_effects((*OWN, *trusted)):
            yield
    except EffectError as error:
        raise PackError(str(error)) from error


class GuardedScikitLearn(ScikitLearn):
    """scikit-learn's engine. Only its calls are guarded, so its caller may have side effects."""

    def __init__(self, estimator: Any, signature: Signature, trusted: Collection[str] = ()) -> None:
        super().__init__(estimator, signature)
        self.trusted = trusted

    def predict(self, columns: Sequence[Column]) -> list[Column]:
        """Like `ScikitLearn.predict`; PackError if the estimator attempts a side effect."""
        with refuse_side_effects(self.trusted):
            return super().predict(columns)

    def confidence(self, columns: Sequence[Column]) -> list[Column]:
        """Like `ScikitLearn.confidence`; PackError if the estimator attempts a side effect."""
        with refuse_side_effects(self.trusted):
            return super().confidence(columns)
