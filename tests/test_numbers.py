"""Numbers in text: what counts as one."""

import math

import pytest

from service.model import number_parsing


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), (" -2.50 ", -2.5), ("+3.", 3), (".5", 0.5), ("1e3", 1000), ("-1.5E-2", -0.015)],
)
def test_decimal_notation_is_read(text: str, number: float) -> None:
    assert number_parsing.parse(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "one",
        "1_000",
        "1,5",
        "nan",
        "inf",
        "-Infinity",
        "１２",
        "0x10",
        "1e",
        ".",
        "--1",
        "1 2",
    ],
)
def test_anything_else_is_no_number(text: str) -> None:
    assert number_parsing.parse(text) is None


def test_a_number_too_large_is_infinite() -> None:
    assert number_parsing.parse("-1e999") == -math.inf
