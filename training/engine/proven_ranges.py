"""Proves that two engines are equal, if need be within narrower ranges of numbers.

Some models are equal for all numbers that people use, and differ for 1e200: there the differences
of squares lose all digits. Such a model is served by ONNX Runtime within the ranges in which it was
proved to be equal. The signature has these ranges, so the service refuses numbers outside.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from service.model.equality import UnequalError
from service.model.signature import Input, Signature

# Ranges to prove, one after the other: multiples of the largest number of the sample.
MULTIPLES = (1e2, 1e4, 1e6, 1e9, 1e12)
MAX_POWER = 308  # of ten, in float64


class SampleError(UnequalError):
    """The engines predict rows of the sample differently: no range can make them equal."""


def prove(
    signature: Signature, verify: Callable[[Signature], dict[str, Any]]
) -> tuple[Signature, dict[str, Any]]:
    """The signature with the widest ranges in which the engines are equal, and the proof.

    `verify` compares the engines within the ranges of a signature. If the engines differ in the
    widest ranges, the proof also has `beyond`, the difference there, and `multiple`, that of
    MULTIPLES. UnequalError if the engines differ in the narrowest ranges, too.
    """
    try:
        return signature, verify(signature)
    except SampleError:
        raise
    except UnequalError as error:
        beyond = error
    proven: tuple[Signature, dict[str, Any]] | None = None
    for multiple in MULTIPLES:
        narrower = narrowed(signature, multiple)
        if narrower == signature:
            break
        try:
            proven = narrower, {**verify(narrower), "beyond": str(beyond), "multiple": multiple}
        except UnequalError as error:
            if proven is None:
                raise
            proven[1]["beyond"] = str(error)
            break
    if proven is None:
        raise beyond
    return proven


def narrowed(signature: Signature, multiple: float) -> Signature:
    """The signature with ranges that reach to a multiple of the largest number of the sample."""
    return replace(signature, inputs=tuple(_narrowed(one, multiple) for one in signature.inputs))


def _narrowed(one: Input, multiple: float) -> Input:
    if one.lowest is None or one.highest is None:
        return one
    size = max(abs(one.minimum or 0.0), abs(one.maximum or 0.0)) or 1.0
    power = math.ceil(math.log10(size) + math.log10(multiple))
    end = 10.0 ** min(power, MAX_POWER)  # a round number
    return replace(one, lowest=max(one.lowest, -end), highest=min(one.highest, end))
