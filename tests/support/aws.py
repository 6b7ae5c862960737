"""Runs moto's server, which emulates AWS."""

import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3

from tests.support.serving import TIMEOUT_SECONDS, clean_environment, free_port, wait_until

Client = Callable[[str], Any]


@contextmanager
def moto() -> Iterator[str]:
    """Run moto's server while the block runs, and yield its address."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    endpoint = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        command, env=clean_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: answers(endpoint), "moto's server")
        yield endpoint
    finally:
        server.kill()  # it has nothing to save
        server.wait(TIMEOUT_SECONDS)


def answers(endpoint: str) -> bool:
    """Whether moto listens."""
    try:
        with urllib.request.urlopen(f"{endpoint}/moto-api/", timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False


def client(endpoint: str, service: str) -> Any:
    """A boto3 client of one of the emulated services, with invalid credentials."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",  # noqa: S106
    )


def assert_kept(sent: Any, found: Any, path: str = "") -> None:
    """Check that a description has everything that was sent; AWS adds default values."""
    if isinstance(sent, dict):
        for name, value in sent.items():
            assert name in found, f"{path}.{name}"
            assert_kept(value, found[name], f"{path}.{name}")
    elif isinstance(sent, list):
        assert len(sent) == len(found), path
        for one, other in zip(sent, found, strict=True):
            assert_kept(one, other, f"{path}[]")
    else:
        assert sent == found, path
