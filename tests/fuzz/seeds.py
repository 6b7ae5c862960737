"""Valid files to start from: dumps of fitted models and of what models hold, and the corpus."""

import datetime
import io
import pickle
import re
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from scipy import sparse, stats
from scipy.interpolate import BSpline

from tests.fuzz import own
from tests.fuzz.tokens import Contents, Token, contents, tokens

CORPUS = Path(__file__).parent / "corpus"
MODELS = (
    "logistic regression, string labels", "linear discriminant analysis", "one feature", "clusters",
    "support vectors without probabilities", "naive Bayes", "transformed target", "grid search",
    "transformed features", "isotonic regression", "features chosen by their information",
    "splines",
    "nearest neighbours", "float labels", "halved clusters", "mixed table, open categories",
    "stacking",
    "histogram boosting, counts", "boolean labels", "text",
)  # fmt: skip
LARGEST = 40_000  # bytes; larger ones would take most of the time


@dataclass(frozen=True)
class Seed:
    """A file, its opcodes, and the names that it imports."""

    content: bytes
    tokens: tuple[Token, ...]
    used: Contents


def values() -> list[Any]:
    """What models hold beside arrays of numbers."""
    return [
        {"set": {1, 2}, "bytes": bytearray(b"x"), "slice": slice(1, 2), "frozen": frozenset("ab")},
        [set(), {"a"}, {1, (2, 3)}, *(frozenset({n, "a"}) for n in range(4)), {None}],
        [Counter("ab"), OrderedDict(a=1), defaultdict(list, a=[1]), deque([1, 2]), Decimal("1.5")],
        [datetime.datetime(2020, 1, 1), datetime.timedelta(1), range(3), complex(1, 2)],
        np.array(["text", None, {"a": np.arange(3)}], dtype=object),
        [np.float64(2.5), np.dtype("f8"), np.matrix([[1, 2]]), np.ma.masked_array([1, 2])],
        [np.random.RandomState(0), np.random.default_rng(0), partial(np.add, 1)],
        pd.DataFrame({"a": [1, 2], "c": pd.Categorical(["u", "v"])}),
        [stats.loguniform(1, 10), stats.randint(2, 5), {"c": stats.uniform(0, 1)}],
        [pd.Series([1.0, 2.0]), pd.Timestamp(0), pd.Timedelta(1), pd.Interval(0, 1), pd.NaT],
        [
            sparse.csr_matrix([[0, 1], [2, 0]]),
            BSpline(np.arange(5.0), np.ones(3), 1),
            re.compile("a"),
        ],
        [
            own.Kept(1, "a"),
            own.Restored(),
            own.Values([1]),
            own.Items(a=1),
            own.Group("a"),
            own.same,
        ],
        [10**30, -5, 70000, 1.5, "text" * 100, b"bytes" * 100, None, True, (1, 2, 3), ["é"]],
    ]


def dumps(value: Any) -> list[bytes]:
    """A value as joblib and as pickle dump it, by each protocol."""
    dumped = []
    for protocol in range(6):
        buffer = io.BytesIO()
        joblib.dump(value, buffer, protocol=protocol)
        dumped.append(buffer.getvalue())
        if protocol in (0, 2, 5):
            dumped.append(pickle.dumps(value, protocol))
    return [content for content in dumped if len(content) <= LARGEST]


def seed(content: bytes) -> Seed:
    """A file with what is in it."""
    known = contents(content)
    return Seed(content, tuple(tokens(content, known.arrays)), known)


def models(few: bool) -> list[Any]:
    """Fitted models of `tests.support.models`: all of `MODELS`, or the first three."""
    from tests.support.models import MODEL_CASES  # it imports all of scikit-learn that it fits

    return [MODEL_CASES[name]().estimator for name in MODELS[: 3 if few else None]]


def seeds(few: bool = False) -> list[Seed]:
    """All of them; `few` for a short run."""
    made = [dumped for value in [*models(few), *values()] for dumped in dumps(value)]
    return [seed(content) for content in made + corpus()]


def corpus() -> list[bytes]:
    """The files that earlier runs kept because they reached something new."""
    return [path.read_bytes() for path in sorted(CORPUS.glob("*.pickle"))]
