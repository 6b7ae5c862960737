"""Calls a service with tritonclient and KServe's client, as their users do; run by their Python.

It reads the service's URL, the model's name, and rows by column from standard input, and writes
what each call gave to standard output.
"""

import asyncio
import json
import sys
from typing import Any

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput
from tritonclient import http
from tritonclient.utils import InferenceServerException

NUMPY = {"FP64": np.float64, "INT64": np.int64, "BOOL": np.bool_}
Columns = dict[str, list[Any]]


def array(values: list[Any], datatype: str) -> Any:
    """A column as a user of NumPy has it: NaN for null, and an empty text."""
    if datatype == "BYTES":
        return np.array([[value or ""] for value in values], dtype=object)
    return np.array([[value] for value in values], dtype=NUMPY[datatype])


def plain(values: Any) -> Any:
    """What NumPy has, for JSON: a list of rows."""
    if values.dtype == object:
        values = np.array(
            [one.decode() if isinstance(one, bytes) else one for one in values.flat]
        ).reshape(values.shape)
    return values.tolist()


def by_triton(url: str, model: str, rows: Columns, whole: Columns) -> dict[str, Any]:
    """Everything with tritonclient; `whole` are those rows that have no null."""
    client = http.InferenceServerClient(url)
    about = client.get_model_metadata(model)
    types = {one["name"]: one["datatype"] for one in about["inputs"]}

    def inputs(columns: Columns, binary: bool) -> list[Any]:
        made = []
        for name in reversed(types):  # the order of inputs does not matter
            values = array(columns[name], types[name])
            made.append(http.InferInput(name, list(values.shape), types[name]))
            made[-1].set_data_from_numpy(values, binary_data=binary)
        return made

    def infer(given: list[Any], names: list[str], **how: Any) -> dict[str, Any]:
        wanted = [http.InferRequestedOutput(name, **how) for name in names]
        found = client.infer(model, given, outputs=wanted, request_id="mine")
        assert found.get_response()["id"] == "mine"
        return {name: plain(found.as_numpy(name)) for name in names}

    listed = [one["name"] for one in about["outputs"]]
    output = next(name for name in listed if name != "predict")
    names = [output, "predict_proba", "labels"]
    unasked = client.infer(model, inputs(rows, True))
    replies: dict[str, Any] = {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model ready": client.is_model_ready(model, about["versions"][0]),
        "another ready": client.is_model_ready("another"),
        "extensions": client.get_server_metadata()["extensions"],
        "index": client.get_model_repository_index(),
        "types": types,
        "default": {
            one["name"]: plain(unasked.as_numpy(one["name"]))
            for one in unasked.get_response()["outputs"]
        },
        "binary": infer(inputs(rows, True), names, binary_data=True),
        "json": infer(inputs(whole, False), names, binary_data=False),
        "mixed": infer(inputs(whole, True), names, binary_data=False),
    }
    if set(types.values()) == {"FP64"}:
        table = np.hstack([array(rows[name], "FP64") for name in types])
        one = http.InferInput("input__0", list(table.shape), "FP64").set_data_from_numpy(table)
        replies["one tensor"] = infer([one], ["output__0"])
    try:
        client.infer(model, inputs(rows, True)[1:])
    except InferenceServerException as error:
        replies["refused"] = (error.status(), error.message())
    client.close()
    return replies


async def by_kserve(url: str, model: str, rows: Columns, types: dict[str, str]) -> dict[str, Any]:
    """Everything with KServe's client, by both versions of the protocol."""
    first = InferenceRESTClient(RESTConfig(protocol="v1"))
    second = InferenceRESTClient(RESTConfig(protocol="v2"))

    def request(binary: bool) -> InferRequest:
        made = []
        for name, datatype in types.items():
            values = array(rows[name], datatype)
            made.append(InferInput(name, list(values.shape), datatype))
            made[-1].set_data_from_numpy(values, binary_data=binary)
        wanted = [RequestedOutput("output-0"), RequestedOutput("probabilities")]
        how = {"binary_data_output": True} if binary else {"content_type": "pd"}
        return InferRequest(model, made, "mine", parameters=how, request_outputs=wanted)

    async def infer(binary: bool) -> dict[str, Any]:
        found = await second.infer(url, request(binary), model_name=model)
        assert found.id == "mine"
        return {one.name: plain(one.as_numpy()) for one in found.outputs}

    named = [dict(zip(rows, row, strict=True)) for row in zip(*rows.values(), strict=True)]
    ordered = [list(row.values()) for row in named]
    replies = {
        "live": await second.is_server_live(url),
        "ready": await second.is_server_ready(url),
        "model ready": await second.is_model_ready(url, model),
        "another ready": await second.is_model_ready(url, "another"),
        "v1 model ready": await first.is_model_ready(url, model),
        "json": await infer(False),
        "v1 ordered": await first.infer(url, {"instances": ordered}, model_name=model),
        "v1 named": await first.infer(url, {"inputs": named}, model_name=model),
    }
    replies["binary"] = await infer(True)
    await first.close()
    await second.close()
    return replies


asked = json.load(sys.stdin)
found = by_triton(asked["address"], asked["model"], asked["rows"], asked["whole"])
also = by_kserve("http://" + asked["address"], asked["model"], asked["rows"], found["types"])
json.dump({"triton": found, "kserve": asyncio.run(also)}, sys.stdout)
