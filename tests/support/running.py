"""Distributes tests over pytest's workers, orders them, and collects what tests record."""

from collections import Counter
from itertools import chain
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling


class Files(LoadFileScheduling):  # type: ignore[misc]  # no type hints
    """A worker runs all tests of a file; files that build the same environment share a worker."""

    STRANGERS = ("test_readme.py", "test_your_own_model.py", "test_operations.py")

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "strangers" if file.endswith(self.STRANGERS) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Files:
    """Use `Files`, whatever --dist is."""
    return Files(config, log)


@pytest.hookimpl(trylast=True)  # pytest-randomly has shuffled them
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the slowest files first if several workers take one file after another."""
    if hasattr(config, "workerinput"):
        slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
        items.sort(key=lambda item: -slow[item.path])


def recorded(terminalreporter: pytest.TerminalReporter, name: str) -> list[Any]:
    """The values that tests recorded with `record_property`, sorted, from all workers."""
    ended = [
        report
        for report in chain(*terminalreporter.stats.values())
        if getattr(report, "when", "") == "teardown"
    ]
    return sorted(value for report in ended for key, value in report.user_properties if key == name)
