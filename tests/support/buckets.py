"""Runs a proxy before moto's S3, which injects faults of networks and of S3."""

import http.client
import os
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

from tests.support.serving import TIMEOUT_SECONDS

BUCKET = "models"
PREFIX = "sensors/1/"
MODEL_URI = f"s3://{BUCKET}/{PREFIX}"  # of the sensor model
REFUSED = '<?xml version="1.0"?><Error><Code>{code}</Code><Message>no</Message></Error>'
# The responses of the proxy itself, instead of those of S3.
ANSWERS = {
    "slow down": (503, REFUSED.format(code="SlowDown")),
    "internal error": (500, REFUSED.format(code="InternalError")),
    "bad gateway": (502, "<html>the error of a proxy</html>"),
    "denied": (403, REFUSED.format(code="AccessDenied")),
    "bad request": (400, REFUSED.format(code="InvalidRequest")),
}

Key = tuple[str, str]  # id and secret


@dataclass(slots=True)
class Proxy:
    """The faults of the next requests, in this order; the last one repeats if `lasting`."""

    port: int
    faults: deque[str] = field(default_factory=deque)
    lasting: bool = False
    paths: list[str] = field(default_factory=list)  # that were requested
    over: Event = field(default_factory=Event)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def next_fault(self) -> str:
        """The fault of this request; empty for none."""
        if self.faults and self.lasting:
            return self.faults[0]
        return self.faults.popleft() if self.faults else ""


def credentials(endpoint: str) -> dict[str, str]:
    """An environment with this S3, and without the AWS settings of the machine."""
    return {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def answers(port: int, path: str) -> bool:
    """Whether a server on this port is ready."""
    try:
        return ask(port, path, {})[0] == 200
    except OSError:
        return False


def client(endpoint: str, key: Key = ("testing", "testing"), of: str = "s3") -> Any:
    """A client of boto3, to upload files."""
    import boto3  # heavy, as in the service

    own = {"aws_access_key_id": key[0], "aws_secret_access_key": key[1]}
    session = boto3.session.Session(region_name="us-east-1", **own)
    return session.client(of, endpoint_url=endpoint)


def user(endpoint: str, policy: str) -> Key:
    """Create a user with this policy, and return the user's access key."""
    name = f"task-{uuid4().hex[:8]}"  # tests share the account
    with closing(client(endpoint, of="iam")) as iam:
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="task", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


@contextmanager
def permissions(endpoint: str) -> Iterator[None]:
    """Let moto check the permissions of each request, which it does not by default."""
    port = int(endpoint.rpartition(":")[2])
    ask(port, "/moto-api/reset-auth", {}, "POST", b"0")
    try:
        yield
    finally:
        ask(port, "/moto-api/reset-auth", {}, "POST", b"inf")


def upload(endpoint: str, folder: Path, prefix: str, bucket: str = BUCKET) -> None:
    """Upload the files of a folder, as `aws s3 cp --recursive` does."""
    with closing(client(endpoint)) as s3:
        s3.create_bucket(Bucket=bucket)
        for path in filter(Path.is_file, folder.rglob("*")):
            key = f"{prefix}{path.relative_to(folder).as_posix()}"
            s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())


@contextmanager
def proxied(endpoint: str) -> Iterator[Proxy]:
    """Run a proxy before S3."""
    behind = int(endpoint.rpartition(":")[2])

    class Relay(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            proxy.paths.append(self.path)
            fault = proxy.next_fault()
            self.close_connection = True
            if fault == "cut":
                return
            if fault == "stall":
                proxy.over.wait(TIMEOUT_SECONDS)
                return
            status, headers, body = ask(behind, self.path, dict(self.headers))
            if fault in ANSWERS:
                status, text = ANSWERS[fault]
                body, headers = text.encode(), [("Content-Type", "application/xml")]
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in ("content-length", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):  # the client has closed the connection
                write(self.wfile, fault, body, proxy.over)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Relay) as server:
        proxy = Proxy(server.server_port)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.over.set()
            server.shutdown()
            thread.join()


def write(file: BufferedIOBase, fault: str, body: bytes, over: Event) -> None:
    """Send the body with a fault."""
    half = len(body) // 2
    if fault == "drip":
        for byte in range(half):
            file.write(body[byte : byte + 1])
            over.wait(0.05)
    elif fault == "half":
        file.write(body[:half])
    elif fault == "half, then stall":
        file.write(body[:half])
        over.wait(TIMEOUT_SECONDS)
    elif fault == "flip":
        file.write(body[:half] + bytes([body[half] ^ 1]) + body[half + 1 :])
    else:
        file.write(body)


def ask(
    port: int, path: str, headers: dict[str, str], method: str = "GET", body: bytes | None = None
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Forward a request to S3 itself."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.getheaders(), response.read()
    finally:
        connection.close()
