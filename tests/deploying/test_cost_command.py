"""`ecs/cost`: a month calculated by hand, to the cent, the prices, and the comparison."""

import json
from pathlib import Path

import pytest

from ecs import costs, prices
from ecs.commands import cost
from ecs.costs import Case

Said = pytest.CaptureFixture[str]

# A model that takes 10 ms; one vCPU answers 80 requests a second in time. On Fargate two tasks of
# 1 vCPU and 2 GB on ARM, in private subnets with one NAT gateway, 100 requests a connection, 2 KB
# each. On Lambda 1769 MB, which is one vCPU, on ARM.
EXAMPLE = Case(capacity=80.0, latency_ms=10.0)


def test_a_month_on_fargate_by_hand() -> None:
    # 100 requests per second. A task is used to 60 %: 48 of them. 100 / 48 = 2.08, so 3 tasks.
    #   tasks          3 * (1 * 0.03238 + 2 * 0.00356)  = 3 * 0.0395         = 0.1185   an hour
    #   NAT gateway    0.045 and its address 0.005                           = 0.05
    #   load balancer  0.0225 and two addresses, 2 * 0.005                   = 0.0325
    #   its units      new connections 1 a second / 25           = 0.04
    #                  active connections 1 * 60 / 3000          = 0.02
    #                  100 * 2 KB * 3600 s = 0.72 GB an hour / 1 = 0.72, the most
    #                  0.72 * 0.008                                          = 0.00576
    #   together       0.1185 + 0.05 + 0.0325 + 0.00576                      = 0.20676
    #   a month        730 * 0.20676                                         = 150.9348
    assert costs.tasks(EXAMPLE, 100.0) == 3
    assert round(costs.fargate(EXAMPLE, 100.0), 2) == 150.93


def test_a_month_on_lambda_by_hand() -> None:
    # 100 requests per second are 100 * 730 * 3600 = 262,800,000 a month.
    #   requests       262.8 * 0.20                                          = 52.56
    #   compute        1769 MB / 1024 = 1.7275390625 GB for 0.010 s each
    #                  262,800,000 * 0.017275390625 = 4,539,972.65625 GB-s
    #                  4,539,972.65625 * 0.0000133334                        = 60.53327...
    #   together                                                             = 113.09327...
    #   HTTP API       262.8 * 1.00                                          = 262.80 on top
    assert round(costs.function(EXAMPLE, 100.0), 2) == 113.09
    through_api = Case(capacity=80.0, latency_ms=10.0, http_api=True)
    assert round(costs.function(through_api, 100.0), 2) == 375.89


def test_the_rate_from_which_fargate_is_cheaper_by_hand() -> None:
    # Through an HTTP API a month of one request each second costs 375.89327 / 100 = 3.7589327.
    # Two tasks suffice up to 96 a second. There Fargate costs, at r requests per second,
    #   730 * (2 * 0.0395 + 0.05 + 0.0325 + 0.0072 * r * 0.008) = 117.895 + 0.042048 * r
    # Equal at 117.895 / (3.7589327 - 0.042048) = 117.895 / 3.7168847 = 31.718...
    rate = costs.break_even(Case(capacity=80.0, latency_ms=10.0, http_api=True))
    assert rate is not None
    assert round(rate, 2) == 31.72


def test_it_reports_that_lambda_is_cheaper_at_any_rate(capsys: Said) -> None:
    # A worker does 6 requests of 100 ms in a second; each takes 1 / (6 * 0.6) s of a task,
    # 0.0395 / 3600 / 3.6 = 3.05 millionths of a dollar; Lambda 0.2 + 1.7275 * 0.1 * 13.3334 = 2.50.
    assert cost.main(["--capacity", "6", "--latency-ms", "100", "--egress", "nat"]) == 0
    said = capsys.readouterr().out
    assert "against a function URL  Lambda is cheaper at any rate" in " ".join(said.split(" "))
    assert "cheaper: Lambda" in said


def test_tasks_below_a_vcpu_and_less_memory_are_slower() -> None:
    # A quarter of a vCPU does a quarter; Lambda with half of 1769 MB takes twice as long.
    assert Case(capacity=80.0, latency_ms=10.0, size="nano").task_capacity == 20.0
    assert Case(capacity=80.0, latency_ms=10.0, size="large").task_capacity == 320.0
    half = Case(capacity=80.0, latency_ms=10.0, lambda_mb=1769 // 2)
    # 884 MB: 1769 / 884 = 2.0011, so 20.011 ms, of which 21 are charged.
    # 262,800,000 * (0.0000002 + 884 / 1024 * 0.021 * 0.0000133334) = 52.56 + 63.5245
    assert round(costs.function(half, 100.0), 2) == 116.08


def test_starts_of_containers_count() -> None:
    # One in a thousand starts first, for 3 s: 3 ms more for each, 13 instead of 10.
    cold = Case(capacity=80.0, latency_ms=10.0, cold_share=0.001, cold_ms=3000.0)
    # 52.56 + 60.53327 * 1.3 = 52.56 + 78.69325
    assert round(costs.function(cold, 100.0), 2) == 131.25


def test_what_bench_measured_is_what_counts(tmp_path: Path, capsys: Said) -> None:
    figures = tmp_path / "bench.json"
    measured = {"requests_per_second": 80.0, "p50_ms": 30.0, "alone_ms": 10.0}
    figures.write_text(json.dumps(measured))
    assert cost.main([str(figures), "--rate", "100", "--egress", "nat"]) == 0
    said = capsys.readouterr().out
    assert "measured: 80 requests per second on one vCPU, 10.00 ms for one alone" in said
    assert "Fargate $150.93 (3 tasks), Lambda $113.09 (function URL) or $375.89 (HTTP API)" in said
    assert "cheaper below 31.7 requests per second, Fargate above" in said


def test_lambda_shares_no_call_of_the_model(tmp_path: Path, capsys: Said) -> None:
    """One row takes 24 ms, and 860 requests a second share calls."""
    figures = tmp_path / "bench.json"
    figures.write_text(json.dumps({"requests_per_second": 860.0, "alone_ms": 24.0}))
    assert cost.main([str(figures), "--rate", "100", "--egress", "nat"]) == 0
    said = capsys.readouterr().out
    # 262.8e6 requests: 52.56, and 24 ms of 1769/1024 GB at 0.0000133334: 145.28
    assert "Lambda $197.84 (function URL)" in said
    assert "cheaper below 60.9 requests per second" in said


def test_figures_of_an_earlier_bench_are_refused(tmp_path: Path, capsys: Said) -> None:
    figures = tmp_path / "bench.json"
    figures.write_text(json.dumps({"requests_per_second": 500.0, "p50_ms": 9.0}))
    assert cost.main([str(figures)]) == 64
    assert "was not written by slipway bench --json of this version" in capsys.readouterr().err


def test_prices_have_their_source_and_date(capsys: Said) -> None:
    assert cost.main(["--capacity", "80", "--latency-ms", "10"]) == 0
    said = capsys.readouterr().out
    for message in (prices.READ, prices.NOW, *prices.SOURCES, "us-east-1"):
        assert message in said
    for price in ("0.03238", "0.00356", "0.04048", "0.004445", "0.0000133334", "0.0000166667"):
        assert f"${price}" in said


def test_what_cannot_be_is_one_line(tmp_path: Path, capsys: Said) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text("[]")
    for arguments, code, complaint in (
        ([], 64, "measure first: slipway bench ARTIFACT --json FILE"),
        ([str(wrong)], 64, "was not written by slipway bench --json"),
        ([str(tmp_path / "none.json")], 66, "cannot be read: No such file"),
    ):
        assert cost.main(arguments) == code
        printed = capsys.readouterr().err
        assert (printed.count("\n"), complaint in printed) == (1, True), printed
    for argument in ("--capacity=0", "--rate=nan", "--min-tasks=1.5", "--size=huge"):
        assert cost.main([argument]) == 2
        assert "Error: Invalid value for '--" in capsys.readouterr().err
