"""The base image is built on by its digest, wherever a registry gives one."""

import hashlib
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from ecs import containers
from tests.support.containers import require_engine

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode()
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"


class Registry(BaseHTTPRequestHandler):
    """A registry that has one image, python:3.13, as the distribution specification has it."""

    def do_GET(self) -> None:
        found = self.path in ("/v2/python/manifests/3.13", f"/v2/python/manifests/{DIGEST}")
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", INDEX)
        self.send_header("Content-Length", str(len(MANIFEST) if found else 0))
        self.send_header("Docker-Content-Digest", DIGEST)
        self.end_headers()
        if found and self.command == "GET":
            self.wfile.write(MANIFEST)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *arguments: object) -> None:
        """Print nothing."""


@pytest.fixture
def registry() -> Iterator[str]:
    """The address of a registry."""
    require_engine()
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.container
def test_the_registry_s_digest_is_built_on_and_labelled(registry: str) -> None:
    assert containers.pinned_base({"PYTHON_IMAGE": f"{registry}/python:3.13"}) == {
        "PYTHON_IMAGE": f"{registry}/python:3.13@{DIGEST}",
        "BASE_DIGEST": DIGEST,
    }


@pytest.mark.container
def test_an_image_that_no_registry_has_is_built_on_by_its_name(registry: str) -> None:
    assert containers.pinned_base({"PYTHON_IMAGE": f"{registry}/python:2.7"}) == {}


def test_a_digest_that_was_given_is_kept() -> None:
    given = f"python:3.13-slim-trixie@{DIGEST}"
    assert containers.pinned_base({"PYTHON_IMAGE": given}) == {
        "PYTHON_IMAGE": given,
        "BASE_DIGEST": DIGEST,
    }
