"""An ONNX model is tried in a thread: it is stopped at the deadline, and nothing is left of it."""

import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from service.model import onnx_check, stoppable
from service.model.limits import Limits
from service.model.manifest import Manifest
from service.model.predictor import Predictor
from service.model.trial import TrialError
from service.model.version import content_version
from tests.support.serving import ROOT, clean_environment, free_port, gunicorn

MANY_PRODUCTS = (500, 20_000)  # the size of square matrices, and how many products of them
ONE_PRODUCT = (7000, 1)


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())  # of other tests: they may end meanwhile
    yield
    deadline = time.monotonic() + 30
    while left := set(threading.enumerate()) - before:
        assert time.monotonic() < deadline, left
        threading.Event().wait(0.01)


def test_what_is_done_in_time_was_done_in_another_thread() -> None:
    threads = []
    stoppable.run(
        lambda: threads.append(threading.get_ident()), threads.clear, time.monotonic() + 60
    )
    assert len(set(threads) - {threading.get_ident()}) == 1


def test_what_it_raises_is_raised() -> None:
    def work() -> None:
        raise LookupError("row 3")

    with pytest.raises(LookupError, match="^row 3$"):
        stoppable.run(work, lambda: None, time.monotonic() + 60)


def test_at_the_deadline_it_is_stopped() -> None:
    stopped = threading.Event()
    with pytest.raises(TimeoutError):
        stoppable.run(lambda: stopped.wait(60), stopped.set, time.monotonic() + 0.2)
    assert stopped.is_set()


def test_it_is_not_waited_for_if_it_cannot_be_stopped() -> None:
    end = threading.Event()
    with pytest.raises(TimeoutError):
        stoppable.run(lambda: end.wait(60), lambda: None, time.monotonic() + 0.2)
    end.set()


def slow(side: int, products: int) -> bytes:
    """A small model without a loop that multiplies large matrices for a minute."""
    nodes = [
        helper.make_node("ReduceSum", ["rows"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "high"], ["column"]),
        helper.make_node("Mul", ["column", "wide"], ["0"]),
        *(helper.make_node("MatMul", ["0", f"{n}"], [f"{n + 1}"]) for n in range(products)),
        helper.make_node("ReduceSum", [f"{products}"], ["out"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("rows", TensorProto.DOUBLE, [None, 2])],
        [helper.make_tensor_value_info("out", TensorProto.DOUBLE, None)],
        [
            numpy_helper.from_array(np.array(0.0), "zero"),
            numpy_helper.from_array(np.full((side, 1), 1 / side), "high"),
            numpy_helper.from_array(np.ones((1, side)), "wide"),
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(made, {"slipway.codes": "{}"})
    return bytes(made.SerializeToString())


@pytest.fixture
def slow_artifact(
    own_artifact: Path, edit_manifest: Callable[..., Any], request: pytest.FixtureRequest
) -> Path:
    """An artifact with that model, whose digests and version are right."""
    content = slow(*getattr(request, "param", MANY_PRODUCTS))
    assert onnx_check.check(content) is False  # nothing is computed while it is read
    (own_artifact / "model.onnx").write_bytes(content)
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    edit_manifest(lambda manifest: manifest["files"].update({"model.onnx": entry}))
    changed = Manifest.from_json((own_artifact / "manifest.json").read_text())
    edit_manifest(lambda manifest: manifest.update(version=content_version(changed)))
    return own_artifact


def test_a_replay_by_onnx_runtime_ends_at_the_deadline(slow_artifact: Path) -> None:
    with pytest.raises(TrialError, match=r"model\.onnx: takes longer than 1 s .*LOAD_SECONDS"):
        Predictor.load(slow_artifact, limits=Limits(seconds=1))


def test_a_thread_that_is_not_the_main_one_has_the_deadline_too(slow_artifact: Path) -> None:
    raised: list[Exception] = []

    def load() -> None:
        try:
            Predictor.load(slow_artifact, limits=Limits(seconds=1))
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=load)
    thread.start()
    thread.join(60)
    [error] = raised
    assert "takes longer than 1 s" in str(error)


@pytest.mark.parametrize("door", ["check", "start"])
@pytest.mark.parametrize(
    "slow_artifact", [MANY_PRODUCTS, ONE_PRODUCT], indirect=True, ids=["many", "one"]
)
def test_it_is_ended_at_every_door_in_one_line(door: str, slow_artifact: Path) -> None:
    """Also within one node, which ONNX Runtime does not stop."""
    doors = {
        "check": [sys.executable, "-m", "slipway", "check", str(slow_artifact)],
        "start": [*gunicorn(free_port()), "--config", "gunicorn.conf.py", "--check-config"],
    }
    done = subprocess.run(
        doors[door],
        cwd=ROOT,
        env=clean_environment(SERVICE_MODEL=str(slow_artifact), SERVICE_LOAD_SECONDS="2"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 65
    [line] = done.stderr.splitlines()
    assert "takes longer than 2 s" in line
