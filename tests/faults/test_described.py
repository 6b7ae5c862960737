"""The contract that the service describes, kept by production's container."""

from pathlib import Path

from tests import test_openapi
from tests.faults.conftest import Production, Report
from tests.support.compose import Listener
from tests.support.containers import docker
from tests.support.raw import exchange, get

EXAMPLES = 1000  # for each operation that takes more than a request id


def test_the_contract_is_kept(production: Production, tmp_path: Path, report: Report) -> None:
    """The same as in tests/test_openapi.py, which uses no container."""
    settings = {"SERVICE_MAX_ROWS": "100", "SERVICE_API_KEYS": test_openapi.DIGEST}
    with production(environment=settings) as own:
        host, port = own.address
        mine = b"X-API-Key: " + test_openapi.KEY.encode() + b"\r\n"
        described = exchange(Listener(own.address), get(b"/openapi.json", mine))
        assert described
        test_openapi.assert_kept(described.body, f"{host}:{port}", EXAMPLES, tmp_path)
        assert '"error"' not in docker("logs", own.container).stdout
    report(
        f"{EXAMPLES:,} requests that the contract allows or forbids, by Schemathesis",
        "all its checks hold",
        "all",
    )
