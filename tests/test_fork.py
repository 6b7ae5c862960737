"""What is true when workers are forked, with either engine: one thread, no event loop."""

import json
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from tests.support.serving import ROOT, serve
from training.__main__ import main

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")

WATCH = """
exec(open({committed!r}).read())


def pre_fork(server, worker):
    import asyncio, json, os, threadpoolctl

    found = {{
        "threads": len(os.listdir("/proc/self/task")),
        "loops": asyncio._get_running_loop() is not None,
        "pools": [pool["num_threads"] for pool in threadpoolctl.threadpool_info()],
        "libraries": sorted(pool["user_api"] for pool in threadpoolctl.threadpool_info()),
    }}
    with open({path!r}, "a") as file:
        file.write(json.dumps(found) + "\\n")
"""


@pytest.mark.parametrize("engine", ["sklearn", "onnx"])
def test_a_model_that_was_loaded_before_the_fork_predicts_after_it(
    tmp_path: Path, engine: str
) -> None:
    rows = np.random.default_rng(0).normal(size=(300, 2))
    model = HistGradientBoostingClassifier(max_iter=10).fit(rows, rows[:, 0] > rows[:, 1])
    joblib.dump(model, tmp_path / "model.joblib")
    np.savetxt(tmp_path / "rows.csv", rows, delimiter=",", header="a,b", comments="")
    paths = [str(tmp_path / name) for name in ("model.joblib", "rows.csv", "artifact")]
    command = ["pack", paths[0], "--sample", paths[1], "--out", paths[2], "--engine", engine]
    assert main(command) == 0

    seen, configuration = tmp_path / "seen", tmp_path / "watch.py"
    committed = str(ROOT / "gunicorn.conf.py")
    configuration.write_text(WATCH.format(committed=committed, path=str(seen)))
    own = ("--config", str(configuration))
    two = dict.fromkeys(["WEB_CONCURRENCY", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"], "2")
    with serve(tmp_path / "artifact", *own, **two) as server:
        for _ in range(20):
            answer = server.predict(json.dumps({"instances": [[1, 0], [0, 1]]}))
            assert (answer.status, json.loads(answer.body)) == (200, {"prediction": [True, False]})
    for line in seen.read_text().splitlines():
        found = json.loads(line)
        assert (found["threads"], found["loops"]) == (1, False)
        assert set(found["pools"]) == {1}
        assert ("openmp" in found["libraries"]) == (engine == "sklearn")
