"""Try a fitted estimator: effects on the machine are refused, as when the service loads it."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from service.model import engines
from service.model.artifact import SCIKIT_LEARN
from service.model.audit import EffectError, no_effects
from service.model.engines import Column, ScikitLearn
from service.model.signature import Signature
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


class Tried(ScikitLearn):
    """scikit-learn's engine whose every call is such a block: for what has effects in between."""

    def __init__(self, estimator: Any, signature: Signature, trusted: Collection[str] = ()) -> None:
        super().__init__(estimator, signature)
        self.trusted = trusted

    def predict(self, columns: Sequence[Column]) -> list[Column]:
        """Predict as the estimator does; PackError if it tries to have an effect."""
        with trying(self.trusted):
            return super().predict(columns)

    def confidence(self, columns: Sequence[Column]) -> list[Column]:
        """Tell the confidence as the estimator does; PackError if it tries to have an effect."""
        with trying(self.trusted):
            return super().confidence(columns)
