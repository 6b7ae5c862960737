"""How `make parity` compares the real servers' answers with ours."""

import json

import pytest

from benchmarks.parity import cases, compare
from benchmarks.parity.cases import Case
from benchmarks.parity.compare import COMPATIBLE, DIFFERS, SAME, Answer, Compared
from tests.support.serving import ROOT

CASE = Case("one", b"")


def answer(*values: float) -> Answer:
    return Answer(200, json.dumps({"predictions": values}).encode())


def outcome(theirs: Answer, ours: Answer) -> str:
    return compare.compared(CASE, theirs, ours, lambda reply: reply["predictions"]).outcome


@pytest.mark.parametrize(
    ("theirs", "ours", "wanted"),
    [
        (answer(1, 2), answer(1, 2), SAME),
        (answer(1963.7434), answer(1963.7434001), SAME),  # float32
        (answer(1963.7434), answer(1963.8434), DIFFERS),
        (answer(1), answer(1, 1), DIFFERS),
        (answer(1), Answer(400, b"{}"), DIFFERS),
        (Answer(500, b"x"), answer(1), COMPATIBLE),
        (Answer(500, b"x"), Answer(400, b"{}"), SAME),
    ],
)
def test_what_is_the_same(theirs: Answer, ours: Answer, wanted: str) -> None:
    assert outcome(theirs, ours) == wanted


def test_what_differs_has_to_be_on_the_page() -> None:
    def row(documented: str) -> Compared:
        return Compared(Case("one", b"", documented=documented), DIFFERS, "1", "400")

    page = "is\nread otherwise"
    assert compare.undocumented([row("is read otherwise")], page) == []
    assert compare.undocumented([row("")], page) == [row("")]
    assert compare.undocumented([row("something else")], page) == [row("something else")]


def test_every_reason_of_a_case_is_on_the_page() -> None:
    page = (ROOT / "docs/clients.md").read_text()
    given = [*cases.MLFLOW, *cases.MLSERVER]
    rows = [Compared(case, DIFFERS, "", "") for case in given if case.documented]
    assert len(rows) > 10
    assert compare.undocumented(rows, page) == []


def test_every_value_of_a_row_is_visible_in_the_answer() -> None:
    rows, target = cases.rows()
    model = cases.build().fit(rows, target)
    full = rows.dropna().head(1)
    [before] = model.predict(full)
    for name in cases.NAMES:
        other = full.assign(**{name: "x" if full[name].dtype == "str" else full[name] + 1})
        if name == "guarded":
            other = full.assign(guarded=~full["guarded"])
        [after] = model.predict(other)
        assert abs(after - before) > abs(before) * 10 * compare.PRECISION, name
