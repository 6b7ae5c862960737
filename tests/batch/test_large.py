"""A million rows: in bounded memory, and the same after a kill as without."""

import re
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from service.model.predictor import Predictor
from tests.support.serving import ROOT, clean_environment, wait_until
from tests.test_slow_clients import LINUX

ROWS = 1_000_000
MOST_MB = 300  # above what a file of three rows takes
MEASURED = """
import resource, sys
from service.__main__ import main
code = main()
print(open("/proc/self/status").read())
print("each", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def start(artifact: Path, *words: Path | str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", MEASURED, "predict", str(artifact), *map(str, words)],
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
    )


def score(artifact: Path, *words: Path | str) -> tuple[float, float]:
    """Score a file; the most memory that took, in MB: of the first process, and of any other."""
    with start(artifact, *words) as process:
        printed = process.communicate()[0].decode()
    assert process.returncode == 0
    [own] = re.findall(r"^VmHWM:\s+(\d+) kB$", printed, re.MULTILINE)
    [each] = re.findall(r"^each (\d+)$", printed, re.MULTILINE)
    return int(own) / 1024, int(each) / 1024


def kill_half_way(artifact: Path, table: Path, output: Path) -> None:
    """Begin to score a file, and kill that once the first rows are there."""
    state = output.with_name(f"{output.name}.state")
    process = start(artifact, table, output)
    try:
        wait_until(lambda: state.exists() or process.poll() is not None, "the first rows")
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
@LINUX
def test_a_million_rows_take_little_memory_and_survive_a_kill(
    artifact: Path, tmp_path: Path, report_lines: list[str]
) -> None:
    drawn = np.random.default_rng(0).normal(size=(ROWS, 2)).round(6)
    large, small, output = (tmp_path / name for name in ("large.csv", "small.csv", "out.csv"))
    lines = [f"{first},{second}" for first, second in drawn.tolist()]
    large.write_text("\n".join(["sensor_1,sensor_2", *lines]))
    small.write_text("\n".join(["sensor_1,sensor_2", *lines[:3]]))
    few, _ = score(artifact, small, output)
    begun = perf_counter()
    own, each = score(artifact, large, output, "--processes", "2")
    seconds = perf_counter() - begun
    more = own - few + 2 * (each - few)  # the others share what the first had loaded
    whole = output.read_bytes()
    assert whole.count(b"\n") == ROWS + 1
    assert more < MOST_MB

    again = tmp_path / "again.csv"
    for _ in range(5):
        kill_half_way(artifact, large, again)
        if not again.exists():  # otherwise it was done sooner than this test looked
            break
        again.unlink()
    assert not again.exists()
    score(artifact, large, again)
    assert again.read_bytes() == whole

    predictor = Predictor.load(artifact)
    columns = dict(zip(("sensor_1", "sensor_2"), np.ascontiguousarray(drawn.T), strict=True))
    begun = perf_counter()
    predictor.predict(columns)
    alone = perf_counter() - begun
    report_lines.append(
        f"a file of {ROWS:,} rows: {seconds:.1f} s, {more:.0f} MB more than one of three; "
        f"the model alone {alone:.2f} s"
    )
