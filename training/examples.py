"""Makes example rows for the page, the contract and the lines to copy: typical ones.

None of them is a row of the sample.

The rows of a sample with the same answer give one example: the middle of their numbers, their
commonest categories, the commonest words of their texts.
"""

import re
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, pairwise, zip_longest
from typing import Any

from service.model import example
from service.model.manifest import MAX_EXAMPLE_ROWS, Manifest
from service.model.predictor import NotFiniteError, Predictor, UnpredictableError, as_column
from service.model.signature import Input, Signature
from training.errors import PackError
from training.samples.sample import Sample

ROWS = 3
FEW_ROWS = 5  # an example of fewer rows, or a word in fewer, may identify a person
SHARES = (0.5, 0.35, 0.65, 0.2, 0.8)  # of a group's sorted values, tried in this order
WORD = re.compile(r"(?<!\w)[^\W\d_]{3,20}(?!\w)")  # and no part of an identifier
WORDS = 5  # of an example text
COMMON_SHARE = 0.01  # of the rows that have a word

MOMENTS = ("date", "datetime")
TEXTS = ("category", "text")

Values = Mapping[str, Sequence[Any]]
Columns = dict[str, list[Any]]


def made(manifest: Manifest, predictor: Predictor, values: Values) -> Columns:
    """At most three rows with different answers, by input; none if no rows are typical.

    `values` are the rows of the sample. Nothing is made of a row that only a few resemble.
    """
    inputs = manifest.signature.inputs
    own = set(zip(*(map(repr, values[one.name]) for one in inputs), strict=True))
    names = [one.name for one in inputs]
    choices = []
    for answer, places in _groups(_answers(predictor, values)):
        candidates = [
            [
                _typical(one, values[one.name], places, turn, one.name in manifest.known)
                for one in inputs
            ]
            for turn in range(len(SHARES))
        ]
        columns = dict(zip(names, map(list, zip(*candidates, strict=True)), strict=True))
        found = _answers(predictor, columns)
        free = [
            place
            for place, row in enumerate(candidates)
            if found and (tuple(map(repr, row)) not in own or _is_public(inputs))
        ]
        right = [place for place in free if found[place] == answer]
        choices.append([candidates[place] for place in right or free])
    rows: list[list[Any]] = []
    for row in chain.from_iterable(zip_longest(*choices)):  # one of each answer, then further ones
        if row is not None and row not in rows and len(rows) < ROWS:
            rows.append(row)
    return {name: [row[place] for row in rows] for place, name in enumerate(names) if rows}


def given(sample: Sample, signature: Signature) -> Columns:
    """The rows of --example as the service would take them; PackError if it would not."""
    rows, _ = sample.named((), signature.names)
    if not 1 <= rows.kept <= MAX_EXAMPLE_ROWS:
        raise PackError(f"--example has {rows.kept} rows: give 1 to {MAX_EXAMPLE_ROWS}")
    found: Columns = {}
    for one in signature.inputs:
        if one.name not in rows.columns:
            raise PackError(f"--example has no column {one.name}")
        column = rows.columns[one.name]
        strings = all(isinstance(value, str) for value in one.categories or ())
        if column.series is None and (one.kind in MOMENTS or (one.kind in TEXTS and strings)):
            column = column.as_kind("text")
        for value in column.values:
            if value is None and not one.nullable:
                raise PackError(
                    f"--example: {one.name} is empty, and the model takes no null there"
                )
            if value is not None and one.closed and value not in (one.categories or ()):
                raise PackError(f"--example: {one.name} is {value}, which the model does not take")
        found[one.name] = [*column.values]
    return found


def _answers(predictor: Predictor, values: Values) -> list[Any]:
    """The first output for each row; for numbers, which third of all they are in."""
    signature = predictor.signature
    columns = {one.name: as_column(list(values[one.name]), one.dtype) for one in signature.inputs}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: list[Any] = predictor.predict(columns)[signature.outputs[0].name]
    except (NotFiniteError, UnpredictableError, ValueError, TypeError):
        return []
    return found


def _groups(answers: Sequence[Any]) -> list[tuple[Any, list[int]]]:
    """Places of rows by their answer, the commonest first; many numbers as thirds, of no answer."""
    counts = Counter(answers)
    if len(counts) > len(answers) / FEW_ROWS and isinstance(answers[0], float):
        ordered = sorted(range(len(answers)), key=answers.__getitem__)
        ends = [round(third * len(ordered) / ROWS) for third in range(ROWS + 1)]
        groups = [(None, ordered[a:b]) for a, b in pairwise(ends)]
    else:
        common = [answer for answer, _ in counts.most_common(ROWS)]
        groups = [
            (answer, [place for place, found in enumerate(answers) if found == answer])
            for answer in common
        ]
    return [(answer, places) for answer, places in groups if len(places) >= FEW_ROWS]


def _typical(
    one: Input, values: Sequence[Any], places: Sequence[int], turn: int, encoded: bool
) -> Any:
    """A value of the group; in each turn at another share of its sorted numbers or moments.

    `encoded` is whether an encoder knows the texts of the input, such as post codes.
    """
    present = [values[place] for place in places if values[place] is not None]
    if not present:
        return None if one.nullable else example.columns_of(one)[0]
    if one.kind in ("category", "boolean"):
        return Counter(present).most_common(1)[0][0]
    if one.kind == "text" and encoded:
        return _common(values, present) or example.columns_of(one)[0]
    if one.kind == "text":
        return _text(values, present, turn) or example.columns_of(one)[0]
    middle = sorted(present)[min(int(SHARES[turn] * len(present)), len(present) - 1)]
    if one.kind not in ("integer", "number"):
        return middle
    low, high = (middle if end is None else end for end in (one.minimum, one.maximum))
    number = min(max(example.rounded(middle, high - low), low), high)
    return round(number) if one.kind == "integer" else number


def _common(values: Sequence[Any], group: Sequence[str]) -> str:
    """The commonest text of the group, if many rows of all have it."""
    [(text, _)] = Counter(group).most_common(1)
    return text if list(values).count(text) >= _least(values) else ""


def _least(values: Sequence[Any]) -> float:
    """The number of rows that must have a text, so that it identifies no person."""
    return max(FEW_ROWS, COMMON_SHARE * len(values))


def _text(values: Sequence[Any], group: Sequence[str], turn: int) -> str:
    """Words that many rows have, first those that the group has more often than others."""
    every, own = (
        Counter(word for text in texts for word in set(WORD.findall(str(text).lower())))
        for texts in (values, group)
    )
    least = _least(values)
    known = [word for word, times in own.items() if times >= least]
    known.sort(key=lambda word: (-own[word] * own[word] / every[word], word))
    return " ".join(known[turn : turn + WORDS])


def _is_public(inputs: Sequence[Input]) -> bool:
    """Whether a row has only categories, so that many rows may be the same."""
    return all(one.kind in ("category", "boolean") for one in inputs)
