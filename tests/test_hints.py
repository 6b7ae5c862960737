"""Notes and messages of `pack` on a sample without a header line, and on the target's column."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

from slipway.command import main

TEXTS = ["the printer is broken", "a late parcel", "fine", "the screen is lost"] * 5
QUEUES = ["hardware", "post", "post", "hardware"] * 5
NUMBERS = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 2)), columns=["a", "b"])
FLAGS = [0, 1, 1, 0] * 5

Pack = Callable[..., tuple[int, str]]


@pytest.fixture
def pack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Pack:
    """Pack a model with rows: the exit code and what was printed."""

    def run(model: Any, rows: pd.DataFrame, *options: str, header: bool = True) -> tuple[int, str]:
        joblib.dump(model, tmp_path / "model.joblib")
        rows.to_csv(tmp_path / "rows.csv", index=False, header=header)
        command = ["pack", str(tmp_path / "model.joblib"), "--sample", str(tmp_path / "rows.csv")]
        code = main([*command, "--out", str(tmp_path / "artifact"), *options])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


def of_texts() -> Any:
    return make_pipeline(CountVectorizer(), LogisticRegression()).fit(TEXTS, QUEUES)


@pytest.mark.parametrize("first", [0, 2], ids=["a sentence", "a word that is a row, too"])
def test_texts_without_a_header_line_are_noted(first: int, pack: Pack) -> None:
    rows = pd.DataFrame({"text": TEXTS[first:]})
    code, said = pack(of_texts(), rows, header=False)
    assert code == 0
    assert f"note: the first line of the sample, {TEXTS[first]!r}, looks like a row" in said


@pytest.mark.parametrize("name", ["text", "Review text"])
def test_names_of_texts_are_not_noted(name: str, pack: Pack) -> None:
    code, said = pack(of_texts(), pd.DataFrame({name: TEXTS}))
    assert code == 0
    assert "looks like a row" not in said


LABELS = {
    "texts": (["no", "yes", "yes", "no"] * 5, ["no", "yes", "yes", "no"] * 5),
    "whole numbers": (FLAGS, FLAGS),
    "floats, written as whole numbers": ([float(one) for one in FLAGS], FLAGS),
    "digits as text": ([str(one) for one in FLAGS], FLAGS),
    "booleans": ([one == 1 for one in FLAGS], [one == 1 for one in FLAGS]),
}


@pytest.mark.parametrize(("labels", "cells"), LABELS.values(), ids=LABELS)
def test_a_column_of_labels_is_suggested_as_the_target(
    labels: list[Any], cells: list[Any], pack: Pack
) -> None:
    model = LogisticRegression().fit(NUMBERS, labels)
    rows = NUMBERS.assign(**{"its answer": cells, "note": "x", "other": range(20)})
    code, said = pack(model, rows)
    assert code == 0
    assert said.count("has only labels of the model") == 1
    assert "say --target 'its answer'" in said
    code, said = pack(model, rows, "--target", "its answer")
    assert code == 0
    assert "its answer: accuracy" in said
    assert "labels of the model" not in said


def test_what_is_no_target_is_not_suggested(pack: Pack) -> None:
    classifier = LogisticRegression().fit(NUMBERS, FLAGS)
    for rows in (NUMBERS.assign(same=1), NUMBERS.assign(more=[0, 1, 2, 0] * 5), NUMBERS):
        assert "labels of the model" not in pack(classifier, rows)[1]
    regressor = Ridge().fit(NUMBERS, FLAGS)
    assert "labels of the model" not in pack(regressor, NUMBERS.assign(flag=FLAGS))[1]


def test_the_message_for_too_many_columns_names_the_target(pack: Pack) -> None:
    rows = pd.DataFrame({"text": TEXTS, "queue": QUEUES})
    code, said = pack(of_texts(), rows)
    assert code == 0
    assert "say --target queue" in said
    code, said = pack(of_texts(), rows.assign(remark=TEXTS))
    assert code == 65
    assert "the sample has 2 columns of text: text, remark; " in said
    assert "name the target with --target queue, and what else" in said
    model = LogisticRegression().fit(NUMBERS.to_numpy(), FLAGS)
    code, said = pack(model, NUMBERS.assign(flag=FLAGS))
    assert code == 65
    assert "name the target with --target flag, and what else" in said
    code, said = pack(model, NUMBERS.assign(flag=FLAGS, other=FLAGS))
    assert code == 65
    assert "name the target with --target, and what else" in said  # which of them is not known
