"""What the fault tests share: the service as production runs it, and the table they print."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import joblib
import pytest
from sklearn.base import BaseEstimator

from tests.support import compose
from tests.support.compose import Project
from tests.support.memory_estimator import MemoryEstimator
from tests.support.running import recorded
from tests.support.serving import ROOT, wait_until
from tests.support.slow_estimator import SlowEstimator
from training.__main__ import main

Report = Callable[[str, str, str], None]
Production = Callable[..., AbstractContextManager[Project]]


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Report:
    """Add a row to the table that the run prints: fault, promise, measured."""
    return lambda *row: record_property("row", row)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, as docs/operations.md has it."""
    rows = recorded(terminalreporter, "row")
    if rows:
        for row in [("fault", "promise", "measured"), ("---",) * 3, *rows]:
            terminalreporter.write_line(f"| {' | '.join(row)} |")


@pytest.fixture(scope="session")
def production(image: str) -> Production:
    """Start the committed compose service, with changes, and wait until it answers."""

    @contextmanager
    def start(**changes: Any) -> Iterator[Project]:
        with compose.project(image, **changes) as own:
            own.compose("up", "--detach")
            wait_until(own.is_ready, "the service to be ready")
            yield own

    return start


@pytest.fixture(scope="session")
def one(production: Production) -> Iterator[Project]:
    """One service of the sensor model in production's container."""
    with production() as own:
        yield own


def packed(folder: Path, model: BaseEstimator) -> dict[str, Any]:
    """The changes that make a project serve a model of two features, from a module of ours."""
    module = type(model).__module__
    joblib.dump(model.fit([[0.0, 0.0]], [0.0]), folder / "model.joblib")
    (folder / "rows.csv").write_text("a,b\n1.5,2\n3,4\n")
    pack = ["pack", folder / "model.joblib", "--sample", folder / "rows.csv"]
    assert main([*map(str, pack), "--trust", module, "--out", str(folder / "artifact")]) == 0
    changes = compose.with_artifact(folder / "artifact")
    source = f"{module.replace('.', '/')}.py"
    changes["volumes"].append(f"{ROOT / source}:/app/{source}:ro")
    return {**changes, "environment": {"SERVICE_TRUSTED_MODULES": module}}


@pytest.fixture(scope="session")
def slow_model(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A model that burns 20 ms for each prediction."""
    return packed(tmp_path_factory.mktemp("slow_model"), SlowEstimator())


@pytest.fixture(scope="session")
def memory_model(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A model that takes 800 MB for some rows, in a container that has 256."""
    changes = packed(tmp_path_factory.mktemp("memory_model"), MemoryEstimator())
    return {**changes, "mem_limit": "256m", "memswap_limit": "256m"}
