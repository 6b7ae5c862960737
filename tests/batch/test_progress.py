"""A long run shows on a terminal how far it is, and nothing elsewhere."""

import sys

import pytest

from service.batch import text_file
from tests.batch.conftest import GOOD, HEADER, Run
from tests.support.terminal import Terminal


def test_a_terminal_shows_the_rows_so_far(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(text_file, "BLOCK_CHARACTERS", 60)
    assert run(HEADER + GOOD * 1000)[0] == 0
    shown = terminal.getvalue().split("\r")
    assert "100%" in shown[-1]
    assert " rows" in shown[-1]


def test_what_is_no_terminal_gets_no_bar(run: Run) -> None:
    code, printed = run(HEADER + GOOD)
    assert code == 0
    assert "%" not in printed
    assert "\r" not in printed
