"""`make bench`: the page of a run, what is sent to each peer, and a short real run."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import benchmarks.__main__ as bench
from benchmarks import environments, plot, results, rounds
from benchmarks.environments import UninstallableError
from benchmarks.figures import LIVE, Case, Figures, Point
from benchmarks.models import MODELS, Made, rows
from benchmarks.results import Run
from benchmarks.roster import OWN, PEERS
from benchmarks.rounds import Contest

NUMBERS = pd.DataFrame({"sensor_1": [1.0, 2.0], "sensor_2": [3.0, -1.0]})
MIXED = pd.DataFrame({"age": [30.5], "visits": [2], "region": ["east"]})


def figures() -> Figures:
    """Three rounds of two peers, of which one could not do 1,000 rows."""
    made = Figures()
    made.points[Case("slipway", "logistic", 3)] = [
        Point(3000, 4, 6),
        Point(4000, 3, 5),
        Point(100, 90, 99),  # a noisy round
    ]
    made.points[Case("fastapi", "logistic", 3)] = [Point(1500, 8, 10)] * 3
    made.points[Case("mlserver", "logistic", 3)] = [Point(1000, 9, 20)] * 3
    made.points[Case("sklearn", "logistic", 3)] = [Point(2400, 4, 6)] * 3  # no peer
    made.points[Case("limit", "logistic", 3)] = [Point(6000, 2, 3)] * 3
    made.points[Case("slipway", "logistic", LIVE)] = [Point(4000, 2, 3)] * 3
    made.cannot[Case("mlserver", "logistic", 1000)] = "answers 500: a | b"
    made.start["slipway"], made.start["fastapi"] = [0.5, 0.4, 9.0], [1.0]
    made.first_mb["slipway"], made.first_mb["mlserver"] = [60.0], [200.0]
    return made


def run(*peers: str) -> Run:
    return Run([PEERS[name] for name in peers], [MODELS["logistic"]], [3, 1000], 2.0, 3, 0.4)


def test_the_page_has_medians_ratios_and_reasons() -> None:
    page = results.page(run("slipway", "limit", "fastapi", "mlserver"), figures(), 3, "x.svg")
    assert "| this service | 3,000 | 1.00 × | 4.00 | 6.00 |" in page
    assert "| FastAPI + uvicorn | 1,500 | 2.00 × | 8.00 | 10.00 |" in page
    assert "| MLServer | 1,000 | 3.00 × | 9.00 | 20.00 |" in page
    assert "| MLServer | cannot: answers 500: a \\| b | | | |" in page
    [short] = [line for line in page.splitlines() if line.startswith("- logistic, 3 rows")]
    for part in (
        "2.00 × the fastest peer (fastapi)",
        "p99 0.60 × its p99",
        "by scikit-learn 1.60 × that peer",
        "3.00 × mlserver",
        "0.50 of the limit",
        "0.75 of GET /health/live",
    ):
        assert part in short
    assert "- start to first answer: 0.50 × the least of a peer (fastapi)" in page
    assert "- memory: 0.30 × the least of a peer (mlserver)" in page
    assert "median of 3 rounds of 2 seconds" in page
    assert "load average before the run was 0.4" in page


def test_the_picture_names_every_peer(tmp_path: Path) -> None:
    asked = run("slipway", "fastapi")
    plot.draw(tmp_path / "x.svg", asked.peers, asked.models, 3, figures())
    drawn = (tmp_path / "x.svg").read_text()
    for text in ("FastAPI + uvicorn", "this service", "3,000", "1,500"):
        assert text in drawn


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("slipway", {"sensor_1": [1.0, 2.0], "sensor_2": [3.0, -1.0]}),
        ("mlflow", {"inputs": [[1.0, 3.0], [2.0, -1.0]]}),
        ("bentoml", {"rows": [[1.0, 3.0], [2.0, -1.0]]}),
        ("vetiver", [{"sensor_1": 1.0, "sensor_2": 3.0}, {"sensor_1": 2.0, "sensor_2": -1.0}]),
        (
            "mlserver",
            {
                "inputs": [
                    {
                        "name": "rows",
                        "datatype": "FP64",
                        "shape": [2, 2],
                        "data": [1.0, 3.0, 2.0, -1.0],
                    }
                ]
            },
        ),
    ],
)
def test_rows_are_sent_as_the_peer_takes_them(name: str, body: object) -> None:
    assert json.loads(PEERS[name].body(NUMBERS)) == body


def test_a_mixed_table_is_sent_as_the_peer_takes_it() -> None:
    split = {"columns": ["age", "visits", "region"], "data": [[30.5, 2, "east"]]}
    assert json.loads(PEERS["mlflow"].body(MIXED)) == {"dataframe_split": split}
    sent = json.loads(PEERS["mlserver"].body(MIXED))["inputs"]
    assert [tensor["datatype"] for tensor in sent] == ["FP64", "INT64", "BYTES"]


def test_the_rows_are_the_same_each_time() -> None:
    for kind in ("numbers", "mixed"):
        table, target = rows(kind)
        assert len(table) == len(target) == 10_000
        assert set(target) == {0.0, 1.0}
        assert table.equals(rows(kind)[0])


def test_an_answer_must_be_the_model_s_own(tmp_path: Path) -> None:
    made = Made(MODELS["logistic"], tmp_path, tmp_path, NUMBERS, [0.0, 1.0])
    one = Contest(PEERS["slipway"], made, tmp_path, tmp_path, tmp_path)
    assert rounds.wrong(one, 2, 200, b'{"class": [0.0, 1.0]}') == ""
    assert rounds.wrong(one, 2, 200, b'{"class": [0.0, 0.0]}') == "predicts something else"
    assert rounds.wrong(one, 2, 200, b'{"class": [0.0]}') == "predicts something else"
    assert rounds.wrong(one, 2, 503, b"too\nmuch") == "answers 503: too much"
    assert rounds.wrong(one, 2, 200, b"[]").startswith("answers something else")


def test_a_peer_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        bench.main(["--peers", "slipway,nobody"])
    assert caught.value.code == 2
    assert "nobody: not of slipway, " in capsys.readouterr().err


def test_a_plan_starts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--peers", "slipway,mlflow", "--models", "forest,mixed", "--rows", "1,3"]
    assert bench.main([*asked, "--rounds", "2", "--plan"]) == 0
    printed = capsys.readouterr().out
    assert "forest: slipway, mlflow\nmixed: slipway, mlflow\n16 loads" in printed


@pytest.mark.slow
def test_a_short_run_measures_and_continues_when_a_peer_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "COMPILED", "--no-compile-bytecode")
    monkeypatch.setattr(environments, "VENVS", tmp_path / "venvs")
    try:
        environments.prepare(PEERS["fastapi"])
    except UninstallableError as error:
        pytest.skip(str(error))
    here, prepare = Path(sys.prefix), environments.prepare  # it has all that ours needs
    monkeypatch.setattr(
        environments, "prepare", lambda peer: here if peer.requirements == OWN else prepare(peer)
    )
    # Other tests install into .venv/cache meanwhile.
    monkeypatch.setattr(environments, "megabytes", lambda folder: 1.0)
    broken = replace(PEERS["slipway"], name="broken", title="broken", command="false", live="")
    monkeypatch.setitem(PEERS, "broken", broken)
    monkeypatch.setattr(bench, "WORK", tmp_path / "work")
    asked = ["--peers", "broken,slipway,fastapi", "--models", "logistic", "--rows", "3"]
    assert bench.main([*asked, "--seconds", "0.2", "--rounds", "1", "--out", str(tmp_path)]) == 0
    page = (tmp_path / "results.md").read_text()
    assert "| broken | cannot: it ended with 1: no output | | | |" in page
    for line in ("| this service |", "| FastAPI + uvicorn |"):
        _, measured = [found for found in page.splitlines() if found.startswith(line)]
        rate, _, p50, p99 = (cell.strip(" ×") for cell in measured.split("|")[2:6])
        assert float(rate.replace(",", "")) > 1
        assert 0 < float(p50) <= float(p99)
    assert (tmp_path / "results.svg").exists()
