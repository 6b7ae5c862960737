"""Counts of the last hour and day: of all workers, of ended ones too, and no longer."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from service.monitoring.windows import Windows
from tests.support.serving import ROOT

NOW = 1_800_000_000.0  # a full hour
MINUTE, HOUR = 60, 3600


def hour_and_day(windows: Windows, now: float) -> tuple[float, float]:
    sums = windows.sums(now)
    return sums["hour"][0], sums["day"][0]


@pytest.mark.parametrize("shared", [False, True])
def test_counts_leave_the_hour_and_then_the_day(tmp_path: Path, shared: bool) -> None:
    windows = Windows(1, tmp_path if shared else None, "k")
    assert hour_and_day(windows, NOW) == (0, 0)
    windows.add(np.array([1.0]), NOW)
    windows.add(np.array([2.0]), NOW + 10 * MINUTE)
    assert hour_and_day(windows, NOW + 10 * MINUTE) == (3, 3)
    assert hour_and_day(windows, NOW + 60 * MINUTE - 1) == (3, 3)
    assert hour_and_day(windows, NOW + 60 * MINUTE) == (2, 3)
    assert hour_and_day(windows, NOW + 70 * MINUTE) == (0, 3)
    assert hour_and_day(windows, NOW + 24 * HOUR - 1) == (0, 3)
    assert hour_and_day(windows, NOW + 24 * HOUR) == (0, 0)


def test_a_part_is_emptied_before_it_is_used_again() -> None:
    windows = Windows(2, None, "k")
    windows.add(np.array([1.0, 5.0]), NOW)
    windows.add(np.array([1.0, 7.0]), NOW + 60 * MINUTE)
    assert windows.sums(NOW + 60 * MINUTE)["hour"].tolist() == [1, 7]
    assert windows.sums(NOW + 60 * MINUTE)["day"].tolist() == [2, 12]


def test_a_clock_that_was_set_back_does_not_count_what_is_to_come() -> None:
    windows = Windows(1, None, "k")
    windows.add(np.array([1.0]), NOW)
    assert hour_and_day(windows, NOW - 2 * HOUR) == (0, 0)


def test_workers_add_up_and_another_model_is_left_alone(tmp_path: Path) -> None:
    one, other = Windows(1, tmp_path, "k"), Windows(1, tmp_path, "k")
    foreign, same_width = Windows(3, tmp_path, "m"), Windows(1, tmp_path, "n")
    one.add(np.array([1.0]), NOW)
    other.add(np.array([2.0]), NOW)
    foreign.add(np.ones(3), NOW)
    same_width.add(np.array([4.0]), NOW)
    assert [hour_and_day(each, NOW)[0] for each in (one, other, foreign)] == [3, 3, 1]
    assert len(list(tmp_path.glob("drift-k-*.bin"))) == 2
    assert [each.is_first for each in (one, other, foreign)] == [True, False, True]


ADD = """
import sys
from pathlib import Path
import numpy as np
from service.monitoring.windows import Windows

windows = Windows(1, Path(sys.argv[1]), "k")
windows.add(np.array([1.0]), float(sys.argv[2]))
print("added", flush=True)
sys.stdin.read()
"""


def test_a_killed_worker_leaves_its_counts_and_its_file_to_the_next(tmp_path: Path) -> None:
    windows = Windows(1, tmp_path, "k")
    for round_ in range(1, 4):
        command = [sys.executable, "-c", ADD, str(tmp_path), str(NOW)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        ) as worker:
            assert worker.stdout is not None
            assert worker.stdout.readline() == b"added\n"
            assert hour_and_day(windows, NOW) == (round_, round_)
            worker.send_signal(signal.SIGKILL)
    assert hour_and_day(windows, NOW) == (3, 3)
    assert len(list(tmp_path.iterdir())) == 1
