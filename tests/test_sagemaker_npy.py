"""NumPy's files at SageMaker's door: any numbers in any order of bytes, and never a pickle."""

import io
import pickle
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.api.problems import Problem
from service.protocols.sagemaker import npy
from tests.support.packed import client_of
from tests.test_sagemaker import IRIS, JSON, NPY, PATH, predicted

ROWS = [[1, 1], [2, -1], [3, 0]]
ANSWER = [0.0, 1.0, 1.0]
NUMBERS = ["i1", "<i2", ">i4", "<i8", ">i8", "<f2", ">f4", "<f4", "<f8", ">f8"]


def saved(array: Any, allow_pickle: bool = False, version: tuple[int, int] | None = None) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), version, allow_pickle)
    return file.getvalue()


def with_header(header: str, values: bytes = b"", version: bytes = b"\1\0") -> bytes:
    size = struct.pack("<H" if version == b"\1\0" else "<I", len(header))
    return b"\x93NUMPY" + version + size + header.encode("latin-1") + values


def of(descr: str, shape: str, values: bytes = b"", order: str = "False") -> bytes:
    return with_header(
        f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n", values
    )


def post(body: bytes, accept: str = JSON, name: str = "sensors") -> Any:
    return client_of(name, "sagemaker").post(
        PATH, data=body, content_type=NPY, headers={"Accept": accept}
    )


def loaded(response: Any) -> NDArray[Any]:
    assert (response.status_code, response.content_type) == (200, NPY)
    array: NDArray[Any] = np.load(io.BytesIO(response.data), allow_pickle=False)
    return array


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", NUMBERS)
def test_any_numbers_in_any_order(dtype: str, order: Any) -> None:
    assert post(saved(np.array(ROWS, dtype=dtype, order=order))).json == ANSWER


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_either_version_of_the_format(version: tuple[int, int]) -> None:
    assert post(saved(ROWS, version=version)).json == ANSWER


def test_one_dimension_is_one_row_or_of_one_input_one_column() -> None:
    assert post(saved([3, 0])).json == [1.0]
    found = post(saved([1.5, 20.5]), name="one feature").json
    assert [found] == list(predicted("one feature", [[1.5], [20.5]]).values())


def test_a_header_of_another_writer() -> None:
    header = '{"shape":(1,2),"fortran_order":False,"descr":"<f8"}'
    assert post(with_header(header, struct.pack("<2d", 3, 0))).json == [1.0]


def test_text_is_taken_and_given_as_text_and_never_as_objects() -> None:
    remarks = ["the pump in Oslo is 3 years old", "déjà vu"]
    for dtype in ("<U40", ">U40"):
        found = post(saved(np.array(remarks, dtype=dtype)), name="text").json
        assert [found] == list(predicted("text", [[remark] for remark in remarks]).values())
    names = loaded(post(saved([[5.1, 3.5, 1.4, 0.2], [6.7, 3, 5.2, 2.3]]), NPY, IRIS))
    assert names.dtype.kind == "U"
    assert names.tolist() == ["setosa", "virginica"]


def test_nan_is_null_and_0_and_1_are_booleans_where_those_are_wanted() -> None:
    name = "numbers and booleans of the mixed table"
    rows = [[3.0, np.nan, 1.0], [np.nan, 20.5, 0.0]]
    wanted = predicted(name, [[3, None, True], [None, 20.5, False]])
    assert [post(saved(rows), name=name).json] == list(wanted.values())
    assert post(saved([[3.0, 20.5, 2.0]]), name=name).status_code == 422


def test_float64_stays_float64_in_each_type_of_answer() -> None:
    rows = np.random.default_rng(0).normal(0, 0.05, (20, 10))
    wanted = next(iter(predicted("ridge regression", rows.tolist()).values()))
    assert loaded(post(saved(rows), NPY, "ridge regression")).tolist() == wanted
    assert loaded(post(saved(rows), NPY, "ridge regression")).dtype == np.dtype("<f8")
    assert post(saved(rows), JSON, "ridge regression").json == wanted
    lines = post(saved(rows), "text/csv", "ridge regression").text.splitlines()
    assert list(map(float, lines)) == wanted


def test_several_outputs_are_columns_unless_no_array_holds_them() -> None:
    rows = [[5.0, 162.0, 60.0], [2.0, 110.0, 60.0]]
    wanted = list(predicted("several outputs", rows).values())
    assert loaded(post(saved(rows), NPY, "several outputs")).T.tolist() == wanted
    with pytest.raises(Problem) as caught:
        npy.write([["a", "b"], [1, 2]])
    assert caught.value.code == 406


class Bomb:
    def __reduce__(self) -> Any:
        return (pytest.fail, ("a pickle was loaded",))


OBJECTS = np.array([[Bomb(), 1]], dtype=object)
STRUCTURED = np.array([(1.0, 1.0)], dtype=[("sensor_1", "f8"), ("sensor_2", "f8")])
VALUES = struct.pack("<2d", 3, 0)
REFUSED = {
    "nothing": (400, b""),
    "a pickle": (400, pickle.dumps(Bomb())),
    "JSON": (400, b"[[3, 0]]"),
    "a zip, as NPZ is one": (400, b"PK\3\4" + bytes(100)),
    "zlib": (400, zlib.compress(saved(ROWS))),
    "magic alone": (400, b"\x93NUMPY"),
    "magic and version": (400, b"\x93NUMPY\1\0"),
    "version 3, for names in structures": (400, with_header("{}", version=b"\3\0")),
    "a version to come": (400, with_header("{}", version=b"\x09\0")),
    "a header longer than the body": (400, b"\x93NUMPY\2\0\xff\xff\xff\xff{"),
    "a header that is too long": (400, with_header(" " * 1001)),
    "a header that is none": (400, with_header("x")),
    "a header that is a list": (400, with_header("[]")),
    "a header that calls": (400, of("__import__('os').system('true')", "(1, 2)", VALUES)),
    "a header nested without end": (400, with_header("(" * 900)),
    "a header of signs": (400, with_header("-" * 900 + "1")),
    "a header of Latin-1": (400, with_header("\xff" * 20)),
    "no shape": (400, with_header("{'descr': '<f8', 'fortran_order': False}")),
    "a shape of text": (400, of("'<f8'", "('1', 2)", VALUES)),
    "no type": (400, of("'<q9'", "(1, 2)", VALUES)),
    "objects": (422, saved(OBJECTS, allow_pickle=True)),
    "objects that are none": (422, of("'|O'", "(1, 2)", bytes(16))),
    "a structure": (422, saved(STRUCTURED)),
    "an array in each value": (422, of("('<f8', (2, ))", "(1, )", VALUES)),
    "a huge array in each value": (400, of("('<f8', (1000000, 1000000))", "(1, 2)", VALUES)),
    "bytes": (422, saved(np.array([[b"1", b"1"]]))),
    "raw bytes": (422, saved(np.zeros((1, 2), "V8"))),
    "dates": (422, saved(np.zeros((1, 2), "M8[s]"))),
    "complex numbers": (422, saved(np.zeros((1, 2), complex))),
    "longer floats": (422, saved(np.zeros((1, 2), np.longdouble))),
    "text of no length": (422, of("'<U0'", "(1, 2)")),
    "text for numbers": (422, saved(np.array([["1", "1"]]))),
    "text that is not Unicode": (400, of("'<U1'", "(1, 2)", b"\xff" * 8)),
    "text of a billion letters": (400, of("'<U500000000'", "(1, 2)", VALUES)),
    "booleans for numbers": (422, saved(np.ones((1, 2), bool))),
    "no dimension": (422, saved(1.0)),
    "three dimensions": (422, saved(np.zeros((1, 1, 2)))),
    "many dimensions": (422, of("'<f8'", "(" + "1, " * 200 + ")", VALUES)),
    "too narrow": (422, saved([[1.0]])),
    "too wide": (422, saved([[1.0, 1.0, 1.0]])),
    "a row of another width": (422, saved([1.0, 1.0, 1.0])),
    "no rows": (422, saved(np.zeros((0, 2)))),
    "rows of nothing": (422, of("'<f8'", "(1000000000000, 0)")),
    "too many rows": (422, saved(np.zeros((10_001, 2), "i1"))),
    "rows without end": (422, of("'<f8'", f"({10**100}, 2)", VALUES)),
    "rows less than none": (422, of("'<f8'", "(-1, 2)", VALUES)),
    "twice less than none": (422, of("'<f8'", "(-1, -2)", VALUES)),
    "fewer values than it says": (400, of("'<f8'", "(2, 2)", VALUES)),
    "more values than it says": (400, of("'<f8'", "(1, 2)", VALUES + b"\0")),
    "infinity": (422, saved([[1.0, np.inf]])),
    "NaN, which is null": (422, saved([[1.0, np.nan]])),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_array_for_the_model_is_refused(name: str) -> None:
    status, body = REFUSED[name]
    response = post(body)
    assert response.status_code == status
    assert response.json.keys() == {"error", "error-message"}
    assert len(response.data) < 1000
    assert post(saved(ROWS)).json == ANSWER


def test_the_pointer_leads_to_the_value() -> None:
    message = post(saved([[1.0, 1.0], [1.0, np.nan]])).json["error-message"]
    assert message == "the input does not fit the model: /1/1 is null, not a number"


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_bytes_are_an_array_or_refused(data: st.DataObject) -> None:
    body = bytearray(
        saved(np.array(ROWS, dtype=data.draw(st.sampled_from([*NUMBERS, "<U3", "O"]))), True)
    )
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    response = post(bytes(body))
    assert response.status_code in (200, 400, 422)
    assert b"Traceback" not in response.data
