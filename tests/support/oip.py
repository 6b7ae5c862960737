"""Requests of the Open Inference Protocol, made from its specification."""

import json
import struct
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.packed import client_of, packed

HEADER = "Inference-Header-Content-Length"
INFER = "/v2/models/x/infer"  # tests/support/packed.py calls every model x
ROWS = ((1.0, 1.0), (2.0, -1.0), (3.0, 0.0))  # published: 0.0, 1.0, 1.0


def oip_client(name: str = "sensors", outputs: tuple[str, ...] = ()) -> FlaskClient:
    """A client of a service with this protocol. `outputs` are those of requests that name none."""
    return client_of(name, "oip", oip_outputs=outputs)


def version() -> str:
    """The version of the sensor model."""
    return packed("sensors")[1].manifest.version


def tensor(name: str, datatype: str, shape: Any, data: Any, **parameters: Any) -> Any:
    """An input with its data in the JSON, or after it if `data` is None."""
    made = {"name": name, "datatype": datatype, "shape": shape}
    if data is not None:
        made["data"] = data
    return made | ({"parameters": parameters} if parameters else {})


def behind(name: str, datatype: str, shape: Any, size: Any) -> Any:
    """An input with its data after the JSON."""
    return tensor(name, datatype, shape, None, binary_data_size=size)


def columns() -> list[Any]:
    """The published example, an input for each column."""
    return [
        tensor("sensor_1", "FP64", [3, 1], [1.0, 2.0, 3.0]),
        tensor("sensor_2", "FP64", [3, 1], [1.0, -1.0, 0.0]),
    ]


def infer(client: FlaskClient, inputs: Any, raw: bytes | None = None, **more: Any) -> TestResponse:
    """Post a request, with the bytes `raw` after its JSON."""
    head = json.dumps({"inputs": inputs, **more}).encode()
    headers = {} if raw is None else {HEADER: str(len(head))}
    return client.post(INFER, data=head + (raw or b""), headers=headers)


def strings(*values: bytes) -> bytes:
    """Strings in the encoding of BYTES: each after its length in four bytes, little-endian."""
    return b"".join(struct.pack("<I", len(value)) + value for value in values)


def error_of(response: TestResponse, status: int = 400) -> str:
    """The text of a refusal, which has no other member."""
    assert (response.status_code, response.content_type) == (status, "application/json")
    answer = response.get_json()
    assert list(answer) == ["error"]
    assert "Traceback" not in answer["error"]
    assert len(response.data) < 4096
    return str(answer["error"])
