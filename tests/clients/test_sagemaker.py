"""boto3's unmodified client of SageMaker endpoints gets the predictions of /predict."""

import csv
import gc
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.clients.rows import predicted, rows_of
from tests.support.serving import Server

pytestmark = pytest.mark.slow

JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"
ENDPOINT = "any-name"


@pytest.fixture(scope="session")
def runtime(boto: Any, spoken: tuple[str, Server]) -> Iterator[Any]:
    """The client, which signs its requests with made-up keys."""
    client = boto.client(
        "sagemaker-runtime",
        endpoint_url=f"http://127.0.0.1:{spoken[1].port}",
        region_name="eu-north-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",  # noqa: S106
    )
    yield client
    client.close()
    del client
    gc.collect()  # only then does urllib3 close its connections; a server that stops waits for them


def table(rows: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def array(rows: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array(rows), allow_pickle=False)
    return file.getvalue()


def invoke(runtime: Any, body: str | bytes, kind: str, **more: str) -> Any:
    """The list of predictions, whatever the type of the answer."""
    found = runtime.invoke_endpoint(EndpointName=ENDPOINT, Body=body, ContentType=kind, **more)
    content, accept = found["Body"].read(), more.get("Accept", JSON)
    assert found["ContentType"] == accept
    if accept == JSON:
        return json.loads(content)
    if accept == NPY:
        return np.load(io.BytesIO(content), allow_pickle=False).tolist()
    return [cell for [cell] in csv.reader(io.StringIO(content.decode()))]


def test_all_types_of_bodies_and_answers(runtime: Any, spoken: tuple[str, Server]) -> None:
    name, server = spoken
    names, rows = rows_of(name)
    [wanted] = predicted(server, rows).values()
    records = [dict(zip(names, row, strict=True)) for row in rows]
    bodies: list[tuple[str | bytes, str]] = [
        (json.dumps(rows), JSON),
        (json.dumps(rows).replace("null", "NaN"), JSON),
        (json.dumps({"instances": rows}), JSON),
        (json.dumps({"instances": records}), JSON),
        (table(rows), CSV),
        (table([names, *rows]), CSV),
    ]
    if name != "mixed":
        bodies.append((array(rows), NPY))
        bodies.append((array(np.asfortranarray(rows)), NPY))
    for body, kind in bodies:
        assert invoke(runtime, body, kind) == wanted
        assert invoke(runtime, body, kind, Accept=JSON) == wanted
        assert invoke(runtime, body, kind, Accept=NPY) == wanted
        assert invoke(runtime, body, kind, Accept=CSV) == list(map(str, wanted))


def test_a_single_row(runtime: Any, spoken: tuple[str, Server]) -> None:
    name, server = spoken
    _, [row, *_] = rows_of(name)
    [wanted] = predicted(server, [row]).values()
    assert invoke(runtime, table([row]), CSV) == wanted
    assert invoke(runtime, json.dumps([row]), JSON) == wanted
    assert invoke(runtime, json.dumps(row), JSON) == wanted


def test_an_error_is_what_an_endpoint_s_would_be(runtime: Any, spoken: tuple[str, Server]) -> None:
    _, rows = rows_of(spoken[0])
    with pytest.raises(runtime.exceptions.ModelError) as caught:
        invoke(runtime, json.dumps([rows[0][1:]]), JSON)
    answer = caught.value.response
    assert answer["OriginalStatusCode"] == 422
    message = json.loads(answer["OriginalMessage"])["error-message"]
    assert message == answer["Error"]["Message"]
    assert message.startswith("the rows do not fit the model: /0 has ")
    with pytest.raises(runtime.exceptions.ModelError, match="send Content-Type: application/json"):
        invoke(runtime, table(rows), "application/x-recordio-protobuf")
    with pytest.raises(runtime.exceptions.ModelError, match="accept one of application/json"):
        invoke(runtime, table(rows), CSV, Accept="application/x-recordio-protobuf")
