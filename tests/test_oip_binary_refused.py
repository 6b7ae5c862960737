"""Tensors as bytes that do not agree with their sizes are refused; no size is believed."""

import json
import struct
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.oip import HEADER, INFER, behind, error_of, infer, oip_client, strings


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return oip_client()


BIG = 2**63
ONE = [behind("sensor_1", "FP64", [1], 8), behind("sensor_2", "FP64", [1], 8)]
DATA = struct.pack("<2d", 1, 1)
SIZES = {
    "nothing behind": (ONE, b"", "0 are left"),
    "a byte short": (ONE, DATA[:-1], "7 are left"),
    "a byte long": (ONE, DATA + b"\0", "/inputs 1 bytes after the JSON belong to no tensor"),
    "no input, but bytes": ([], DATA, "16 bytes after the JSON belong to no tensor"),
    **{
        f"a size of {size!r}": ([behind("sensor_1", "FP64", [1], size)], DATA, "number of bytes")
        for size in (-8, BIG, 10**300, 8.0, "8", True, None, [8])
    },
    **{
        f"shape {shape} of 8 bytes": ([behind("sensor_1", "FP64", shape, 8)], DATA[:8], hint)
        for shape, hint in (
            ([2], "2 values of FP64 are 16 bytes"),
            ([1, 2], "2 values of FP64 are 16 bytes"),
            ([0], "there are no rows"),
            ([-1], "none below 0"),
            ([-1, -1], "none below 0"),
            ([BIG], "one request may have 10000 rows"),
            ([2**32, 2**32], "one request may have 10000 rows"),
            ([10**300], "whole numbers"),
            ([1, BIG], "columns, the model takes 2"),
            ([1, 0], "has 0 columns"),
            ([1.0], "whole numbers"),
            ([True], "whole numbers"),
            ([[1]], "whole numbers"),
            ([], "must be [rows] or [rows, columns]"),
            ([1, 1, 1], "must be [rows] or [rows, columns]"),
            ("1", "must be [rows] or [rows, columns]"),
            (None, "must be [rows] or [rows, columns]"),
        )
    },
    "a size and data": ([ONE[0] | {"data": [1.0]}], DATA[:8], "either data or"),
    "BOOL of 2": ([behind("sensor_1", "BOOL", [1], 1)], b"\2", "must be 0 or 1"),
    "half floats": ([behind("sensor_1", "FP16", [1], 1)], b"\0", "1 values of FP16 are 2 bytes"),
    "numbers as strings": ([behind("sensor_1", "BYTES", [1], 5), ONE[1]], strings(b"1") + DATA[:8],
                           "/sensor_1/0 is a string, not a number"),
    "NaN": (ONE, struct.pack("<2d", 1, float("nan")), "/sensor_2/0 is null"),
    "an infinity": (ONE, struct.pack("<2d", float("-inf"), 1), "/sensor_1/0 is out of range"),
}  # fmt: skip
STRINGS = {
    "no length": (b"", "end before value 0 of 1"),
    "half a length": (b"\1\0", "end before value 0 of 1"),
    "a length and nothing": (b"\1\0\0\0", "end before value 0 of 1"),
    "a length of 4 GB": (b"\xff\xff\xff\xff" + b"a" * 20, "end before value 0 of 1"),
    "two strings": (strings(b"a", b"b"), "5 bytes follow the last value"),
    "half a character": (strings(b"\xc3"), "value 0 is not UTF-8"),
    "a pickle": (strings(b"\x80\x04K\x01."), "value 0 is not UTF-8"),
    "a surrogate": (strings(b"\xed\xa0\x80"), "value 0 is not UTF-8"),
}


@pytest.mark.parametrize(("inputs", "raw", "hint"), SIZES.values(), ids=SIZES)
def test_sizes_that_do_not_agree_are_refused(
    client: FlaskClient, inputs: Any, raw: bytes, hint: str
) -> None:
    assert hint in error_of(infer(client, inputs, raw))


@pytest.mark.parametrize(("raw", "hint"), STRINGS.values(), ids=STRINGS)
def test_strings_that_are_none_are_refused(client: FlaskClient, raw: bytes, hint: str) -> None:
    assert hint in error_of(infer(client, [behind("a", "BYTES", [1], len(raw))], raw))


@pytest.mark.parametrize(
    "length", ["", "-1", "+5", "1e3", " 5", "0x5", "5.0", "５", "9" * 30, "99"]
)
def test_a_length_of_the_json_that_cannot_be_is_refused(client: FlaskClient, length: str) -> None:
    headers = {HEADER: length.encode().decode("latin-1")}
    response = client.post(INFER, data=b'{"inputs": []}', headers=headers)
    assert HEADER in error_of(response)


@pytest.mark.parametrize("length", ["0", "1", "13"])
def test_json_that_ends_too_early_is_no_json(client: FlaskClient, length: str) -> None:
    response = client.post(INFER, data=b'{"inputs": []}', headers={HEADER: length})
    assert "the body is not JSON" in error_of(response)


def test_bytes_without_the_length_of_the_json_are_no_json(client: FlaskClient) -> None:
    body = json.dumps({"inputs": ONE}).encode() + DATA
    assert "the body is not JSON" in error_of(client.post(INFER, data=body))
