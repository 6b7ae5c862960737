"""What clients of MLflow and MLServer send, and both read rightly, has the same answer here.

`make parity` asks the servers themselves.
"""

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pandas as pd
import pytest
from flask.testing import FlaskClient
from pandas._libs.parsers import STR_NA_VALUES  # type: ignore[import-not-found]

from service.api import csv_values
from service.app import create_app
from service.model import number_parsing
from service.settings import Settings
from tests.support.oip import INFER, behind, infer, strings, tensor
from tests.support.packed import packed

MIXED, PATH = "mixed table, open categories", "/invocations"
NAMES = ("site", "kind", "age_years", "temperature", "guarded")
KINDS = ("BYTES", "BYTES", "INT64", "FP64", "BOOL")
BOM = b"\xef\xbb\xbf"
ROW: list[Any] = ["Oslo", "pump", 3, 61.5, True]
HEADER = ",".join(NAMES)


@cache
def client_of(name: str = MIXED, *protocols: str) -> FlaskClient:
    settings = Settings(protocols=protocols or ("mlflow", "oip"))
    return create_app(settings, packed(name)[1]).test_client()


def expected(*rows: list[Any], name: str = MIXED) -> Any:
    """What /predict answers, with probabilities: equal labels alone would show little."""
    body = {"instances": list(rows)}
    answer: Any = client_of(name).post("/predict?probabilities=true", json=body).json
    return answer["probabilities"]


def labels(*rows: list[Any]) -> Any:
    answer: Any = client_of().post("/predict", json={"instances": list(rows)}).json
    return next(iter(answer.values()))


def asked(payload: dict[str, Any], name: str = MIXED) -> Any:
    """What MLflow's door answers."""
    answer = client_of(name).post(PATH, json=payload | {"params": {"probabilities": True}})
    assert answer.status_code == 200, answer.text
    reply: Any = answer.json
    return reply["predictions"]


def table(text: str, *protocols: str, name: str = MIXED) -> Any:
    answer = client_of(name, *protocols).post(PATH, data=text, content_type="text/csv")
    reply: Any = answer.json
    return reply.get("predictions", reply)


def tensors(row: list[Any], *kinds: str) -> list[Any]:
    """An input for each column of a row."""
    return [tensor(n, k, [1], [v]) for n, k, v in zip(NAMES, kinds or KINDS, row, strict=True)]


def inferred(inputs: Any, raw: bytes | None = None) -> Any:
    found = infer(client_of(), inputs, raw, outputs=[{"name": "probabilities"}])
    assert found.status_code == 200, found.text
    return json.loads(found.data)["outputs"][0]["data"]


def test_missing_is_what_pandas_takes_for_it() -> None:
    assert STR_NA_VALUES - {""} == number_parsing.MISSING


@pytest.mark.parametrize("text", sorted(number_parsing.MISSING))
def test_a_missing_cell_of_csv_is_null(text: str) -> None:
    body = f"{HEADER}\n{text},pump,0,{text},False\n{text},fan,12,71,true\n"
    assert table(body) == labels([None, "pump", 0, None, False], [None, "fan", 12, 71, True])


def test_a_missing_text_that_the_model_learned_is_that_text() -> None:
    signature = packed(MIXED)[1].signature
    site = signature.inputs[0]
    assert site.nullable
    learned = replace(site, categories=(*(site.categories or ()), "NA"))
    assert csv_values.values_of(["NA", "Oslo", "null"], learned) == ["NA", "Oslo", None]
    refused = csv_values.values_of(["NA", ""], replace(site, nullable=False))
    assert [type(one) for one in refused] == [str, csv_values.Cell]


def test_a_missing_cell_is_null_for_predict_too() -> None:
    client = create_app(Settings(), packed(MIXED)[1]).test_client()
    answers = [
        client.post(
            "/predict", data=f"{HEADER}\n{cell},pump,0,{cell},False\n", content_type="text/csv"
        )
        for cell in ("", "NA", "null", "nan")
    ]
    assert [one.status_code for one in answers] == [200] * 4
    assert len({one.data for one in answers}) == 1
    given = {"site": None, "kind": "pump", "age_years": 0, "temperature": None, "guarded": False}
    assert client.post("/predict", json=given).data == answers[0].data


def test_a_missing_cell_of_a_column_without_null_is_refused() -> None:
    answer = table("sensor_1,sensor_2\nNaN,1\n", name="sensors")
    assert "/sensor_1/0 is not a number, such as 1.5" in answer["message"]


@pytest.mark.parametrize("number", [0, 1, 0.0, 1.0])
def test_exactly_0_and_1_are_booleans(number: float) -> None:
    answer, row = [*ROW[:-1], bool(number)], [*ROW[:-1], number]
    wanted = expected(answer)
    assert asked({"inputs": [row]}) == wanted
    assert asked({"dataframe_split": {"columns": NAMES, "data": [row]}}) == wanted
    assert table(f"{HEADER}\n{','.join(map(str, row))}\n") == labels(answer)
    for kind in ("BOOL", "FP64", *(["INT64"] if isinstance(number, int) else [])):
        assert inferred(tensors(row, *KINDS[:-1], kind)) == wanted[0]


@pytest.mark.parametrize("value", [2, -1, 0.5, "0", "true", "false", 10**400, [1], {}])
def test_what_others_read_wrongly_as_a_boolean_is_refused(value: Any) -> None:
    row = [*ROW[:-1], value]
    answer = client_of().post(
        PATH, json={"dataframe_records": [dict(zip(NAMES, row, strict=True))]}
    )
    assert answer.status_code == 400
    assert "guarded" in answer.text
    assert infer(client_of(), tensors(row)).status_code == 400


def test_0_and_1_stay_numbers_where_the_model_takes_numbers() -> None:
    assert asked({"inputs": [[1, 0]]}, "sensors") == expected([1, 0], name="sensors")


@pytest.mark.parametrize("protocols", [("mlflow",), ("sagemaker", "mlflow")])
def test_the_index_that_pandas_writes_is_left_out(protocols: tuple[str, ...]) -> None:
    rows = [ROW, ["Lyon", "fan", 12, 71.0, False]]
    frame = pd.DataFrame(rows, columns=NAMES)
    assert table(frame.to_csv(), *protocols) == labels(*rows)


def test_another_column_too_many_is_still_refused() -> None:
    answer = table(f"id,{HEADER}\n7,Oslo,pump,3,61.5,true\n")
    assert "/id is no input" in answer["message"]
    body = f"id,{HEADER}\n7,Oslo,pump,3,61.5,true\n"
    own = client_of().post("/predict", data=body, content_type="text/csv")
    assert own.status_code == 422
    nameless = f"{HEADER},\nOslo,pump,3,61.5,true,7\n"  # pandas writes its index first
    assert client_of().post("/predict", data=nameless, content_type="text/csv").status_code == 422


@pytest.mark.parametrize("form", ["inputs", "instances"])
def test_an_object_of_columns_or_of_one_row(form: str) -> None:
    row = dict(zip(NAMES, ROW, strict=True))
    assert asked({form: row}) == expected(ROW)
    assert asked({form: {name: [value] for name, value in row.items()}}) == expected(ROW)


@pytest.mark.parametrize("form", ["dataframe_records", "instances", "inputs"])
def test_a_key_that_is_left_out_is_null_where_the_model_takes_null(form: str) -> None:
    full = dict(zip(NAMES, ROW, strict=True))
    partial = {name: full[name] for name in NAMES if name not in ("site", "temperature")}
    assert asked({form: [full, partial]}) == expected(ROW, [None, "pump", 3, None, True])
    own = client_of().post("/predict", json={"instances": [partial]})
    assert own.status_code == 422
    rows = [{"sensor_1": 1, "sensor_2": 1}, {"sensor_1": 1}]  # which take no null
    answer = client_of("sensors").post(PATH, json={form: rows})
    assert f"/{form}/1/sensor_2 is missing" in answer.text


def test_a_short_body_makes_no_large_table_of_nulls() -> None:
    wide = "extra trees on 64 columns"  # which take NaN
    names = packed(wide)[1].signature.names
    answer = client_of(wide).post(PATH, json={"instances": [{}] * 5000})
    assert (answer.status_code, "is missing" in answer.text) == (400, True)
    half, full = dict.fromkeys(names[::2], 1.0), dict.fromkeys(names, 1.0)
    assert client_of(wide).post(PATH, json={"instances": [full, half]}).status_code == 200


def test_a_byte_order_mark_is_left_out() -> None:
    row = dict(zip(NAMES, ROW, strict=True))
    body = BOM + json.dumps({"dataframe_records": [row]}).encode()
    for protocols in (("mlflow",), ("sagemaker", "mlflow")):
        client = client_of(MIXED, *protocols)
        found = client.post(PATH, data=body, content_type="application/json")
        assert found.json == {"predictions": labels(ROW)}
    marked = BOM + json.dumps({"inputs": tensors(ROW)}).encode()
    assert client_of().post(INFER, data=marked).status_code == 200
    v1 = BOM + json.dumps({"instances": [row]}).encode()
    assert client_of().post("/v1/models/x:predict", data=v1).json == {"predictions": labels(ROW)}


@pytest.mark.parametrize("path", [PATH, INFER, "/v2/models/x/versions/1/infer"])
def test_a_slash_at_the_end_leads_to_the_address_without(path: str) -> None:
    found = client_of().post(f"{path}/", data=b"{}")
    assert (found.status_code, found.headers["Location"]) == (307, path)
    assert client_of().get(f"{path}/").status_code in (404, 405)
    assert client_of("sensors", "lambda").post(f"{path}/").status_code == 404


def test_a_slash_leads_nowhere_else() -> None:
    found = client_of().post("/v2/models/%0d%0aSet-Cookie:a/infer/")
    assert found.headers["Location"] == "/v2/models/%0D%0ASet-Cookie%3Aa/infer"
    assert "Set-Cookie" not in found.headers


def test_an_empty_text_is_a_text_in_json_and_null_in_binary_data() -> None:
    texts = expected(["", *ROW[1:]])
    assert inferred(tensors(["", *ROW[1:]])) == texts[0]
    assert asked({"inputs": [["", *ROW[1:]]]}) == texts
    raw = strings(b"")
    nulls = inferred([behind("site", "BYTES", [1], len(raw)), *tensors(ROW)[1:]], raw)
    assert nulls == expected([None, *ROW[1:]])[0] != texts[0]
