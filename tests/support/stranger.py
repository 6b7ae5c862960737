"""Follows the documentation like a new user: makes a fresh checkout and runs the commands."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.serving import ROOT, Server, clean_environment, wait_until


def commands(page: str) -> list[str]:
    """The commands in the page's shell blocks, each on one line."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n  ", "").splitlines()]


def checkout(folder: Path) -> Path:
    """A copy of the files that git would clone, with uncommitted changes."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.rstrip("\0").split("\0"):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@contextmanager
def foreground(
    checkout: Path, command: str, port: int, interrupt: Callable[[int, int], None]
) -> Iterator[Server]:
    """Run a command that serves until it is interrupted, and check that it then ends."""
    log = checkout.parent / f"{port}.log"
    with log.open("wb") as file:
        settings, arguments = parsed(command)
        process = subprocess.Popen(
            arguments,
            cwd=checkout,
            env=clean_environment(
                PORT=str(port), COMPOSE_PROJECT_NAME=f"slipway-test-{port}", **settings
            ),
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(process, port, log)
    try:
        wait_until(lambda: answers(server), f"{command} to serve", seconds=600)
        yield server
    finally:
        interrupt(process.pid, signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise


def answers(server: Server) -> bool:
    assert server.process.poll() is None, server.log.read_text()
    try:
        return server.request("GET", "/health").status == 200
    except OSError:
        return False


def run(checkout: Path, command: str, **environment: str) -> str:
    """Run a command to its end, and return its output."""
    settings, arguments = parsed(command)
    ended = subprocess.run(
        arguments,
        cwd=checkout,
        env=clean_environment(**settings, **environment),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def parsed(command: str) -> tuple[dict[str, str], list[str]]:
    """The settings before a command, and its words."""
    words = shlex.split(command)
    first = next(place for place, word in enumerate(words) if not re.match(r"[A-Z_]+=", word))
    return dict(word.split("=", 1) for word in words[:first]), words[first:]


def script(page: str) -> str:
    """The only Python block of a page."""
    [found] = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return str(found)


def curls(page: str) -> list[tuple[str, Any]]:
    """Each curl command of a page, with the JSON response that the page shows below it."""
    found = re.findall(r"^```sh\n(curl.*?)^```\n\n```json\n(.*?)^```", page, re.M | re.S)
    return [(command.replace("\\\n", ""), json.loads(answer)) for command, answer in found]


def ask(curl: str, port: int) -> bytes:
    """Run a curl command in a shell, with another port."""
    pasted = curl.replace("http://127.0.0.1:8080", f"http://127.0.0.1:{port}")
    done = subprocess.run(
        ["sh", "-c", f"{pasted.strip()} --silent"], capture_output=True, check=True
    )
    return done.stdout
