"""An answer as tensors, under the names of the model's outputs and of other servers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np

from service.api.details import TOP
from service.api.problems import unknown
from service.model.signature import Output, Signature
from service.protocols.oip.metadata import of_labels, of_output
from service.protocols.oip.tensors import BYTES, NUMPY, PREFIX_BYTES, SIZE

PREDICTIONS = ("predict", "output-0", "output__0")  # MLServer's, KServe's, Triton FIL's
PROBABILITIES = "predict_proba"  # MLServer's
LABELS = "labels"


@dataclass(frozen=True, slots=True)
class Offered:
    """A tensor that a request may ask for.

    `shape` has -1 where it varies. `paths` lead to its columns in an answer. Names of other servers
    are accepted, but not `listed`. A `ranked` tensor has the most probable labels, as many as the
    parameter `top` of the request requires. A `confident` one has probabilities, scores or labels.
    """

    datatype: str
    shape: tuple[int, ...]
    paths: tuple[tuple[str, ...], ...]
    by_default: bool = False
    confident: bool = False
    ranked: bool = False
    listed: bool = True


@dataclass(frozen=True, slots=True)
class Wanted:
    """A tensor that a request asks for; `binary` if its data comes after the JSON."""

    name: str
    offered: Offered
    binary: bool


def offered(signature: Signature) -> dict[str, Offered]:
    """All tensors of a model by name: outputs, probabilities or scores, names of other servers."""
    outputs, kind = signature.outputs, signature.confidence
    found = {
        one.name: Offered(of_output(one), (-1, 1), ((one.name,),), by_default=True)
        for one in outputs
    }
    if kind:
        for one in outputs:
            prefix, path = ("", ()) if len(outputs) == 1 else (f"{one.name}.", (one.name,))
            found |= dict(_confidence(one, prefix, path))
    datatypes = {one.datatype for one in found.values() if one.by_default}
    if len(datatypes) == 1:
        paths = tuple((one.name,) for one in outputs)
        whole = Offered(datatypes.pop(), (-1, len(outputs)), paths, listed=False)
        found = {**dict.fromkeys(PREDICTIONS, whole), **found}
    if kind == "probabilities" and kind in found:
        found = {PROBABILITIES: replace(found[kind], listed=False), **found}
    return found


def with_defaults(offered: Mapping[str, Offered], names: Sequence[str]) -> Mapping[str, Offered]:
    """The tensors, where those of these names are what a request without outputs gets, and listed.

    Without names nothing changes. ValueError if a name is not offered, or depends on a parameter of
    the request.
    """
    if not names:
        return offered
    for name in names:
        if name not in offered or offered[name].ranked:
            possible = {key: one for key, one in offered.items() if not one.ranked}
            raise ValueError(f"{name} {unknown(name, possible, 'output')}")
    first = {name: replace(offered[name], by_default=True, listed=True) for name in names}
    others = {
        name: replace(one, by_default=False) for name, one in offered.items() if name not in first
    }
    return {**first, **others}


def _confidence(
    output: Output, prefix: str, path: tuple[str, ...]
) -> Iterator[tuple[str, Offered]]:
    kind, labels = str(output.confidence), output.labels or ()
    width = len(labels) if kind == "probabilities" and labels else -1
    if labels and kind == "probabilities":
        for what, datatype in ((LABELS, of_labels(labels)), (kind, "FP64")):
            name, paths = f"{prefix}{TOP}.{what}", ((TOP, *path, what),)
            yield name, Offered(datatype, (-1, -1), paths, ranked=True, listed=False)
    yield prefix + kind, Offered("FP64", (-1, width), ((kind, *path),), confident=True)
    if labels:
        shape, paths = (len(labels),), ((LABELS, *path),)
        yield prefix + LABELS, Offered(of_labels(labels), shape, paths, confident=True)


def values_per_row(wanted: Sequence[Wanted], widths: Mapping[str, int], top: int) -> int:
    """The number of values per row. `widths` are those of probabilities or scores, by output."""
    count = 0
    for one in (each.offered for each in wanted):
        if not (one.confident or one.ranked):
            count += len(one.paths)
        elif len(one.shape) > 1:  # a tensor of one dimension does not grow with the rows
            names = widths.keys() & set(one.paths[0]) if len(widths) > 1 else widths
            width = sum(widths[name] for name in names)
            count += min(top, width) if one.ranked else width
    return count


def listed(offered: Mapping[str, Offered]) -> list[dict[str, Any]]:
    """The tensors as listed in the metadata."""
    return [
        {"name": name, "datatype": one.datatype, "shape": list(one.shape)}
        for name, one in offered.items()
        if one.listed
    ]


def tensors(
    wanted: Sequence[Wanted], answer: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[bytes]]:
    """The tensors for the JSON of a response, and the binary data after it."""
    described, behind = [], []
    for one in wanted:
        shape, values = _values(one.offered, answer)
        tensor: dict[str, Any] = {
            "name": one.name,
            "datatype": one.offered.datatype,
            "shape": shape,
        }
        if one.binary:
            behind.append(_bytes(values, one.offered.datatype))
            tensor["parameters"] = {SIZE: len(behind[-1])}
        else:
            tensor["data"] = values
        described.append(tensor)
    return described, behind


def _values(offered: Offered, answer: Mapping[str, Any]) -> tuple[list[int], list[Any]]:
    """The shape, and the values row by row."""
    columns = [_at(path, answer) for path in offered.paths]
    if len(columns) > 1:
        return [len(columns[0]), len(columns)], list(
            chain.from_iterable(zip(*columns, strict=True))
        )
    [column] = columns
    if len(offered.shape) == 1:
        return [len(column)], column
    if isinstance(column[0], list):
        return [len(column), len(column[0])], list(chain.from_iterable(column))
    return [len(column), 1], column


def _at(path: Sequence[str], answer: Mapping[str, Any]) -> list[Any]:
    found: Any = answer
    for step in path:
        found = found[step]
    return list(found)


def _bytes(values: list[Any], datatype: str) -> bytes:
    if datatype != BYTES:
        return np.array(values, NUMPY[datatype]).tobytes()
    strings = [str(value).encode() for value in values]
    return b"".join(len(one).to_bytes(PREFIX_BYTES, "little") + one for one in strings)
