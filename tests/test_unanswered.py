"""An environment that cannot say what is right: the message says what it lacks."""

import sys
from pathlib import Path

import pytest

from tests.support.described import described
from training.older.environment import Environment
from training.older.proof import Older, Part, UnansweredError


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"cabsent.lib\nthing\n.",
            r"^needs absent beside scikit-learn 1\.2\.2: add --with absent==",
        ),
        (b"cjoblib\nabsent\n.", r"^scikit-learn 1\.2\.2 cannot load it \(AttributeError: "),
    ],
)
def test_what_it_cannot_load_is_named(content: bytes, message: str) -> None:
    _, signature, columns = described("random forest")
    older = Older([Part(content)], Environment(Path(sys.executable), "1.2.2"))
    with pytest.raises(UnansweredError, match=message):
        older.narrowed(signature, columns)
