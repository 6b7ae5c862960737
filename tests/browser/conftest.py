"""A browser, and models served for it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.browsing import FLAGS, executable
from tests.support.packed import folder_of
from tests.support.serving import Server, serve


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium; its event loop must not outlive the tests that need it."""
    path = executable()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def served(artifact: Path) -> Iterator[Callable[[str], str]]:
    """The address of a service of each model of `packed.py`, which is started once."""
    with ExitStack() as stack:
        servers: dict[str, Server] = {}

        def address(name: str) -> str:
            if name not in servers:
                folder = artifact if name == "sensors" else folder_of(name)
                servers[name] = stack.enter_context(serve(folder))
            return f"http://127.0.0.1:{servers[name].port}/"

        yield address
