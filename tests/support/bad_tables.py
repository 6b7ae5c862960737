"""Bodies that must be refused: CSV tables, and unsupported types and encodings."""

import gzip

from tests.support.bad_bodies import BOTH, EXAMPLE, Bad

CSV = {"Content-Type": "text/csv"}
MEGABYTE = 1_000_000


def table(status: int, body: str | bytes, *pointers: str, hint: str = "") -> Bad:
    return Bad(status, body if isinstance(body, bytes) else body.encode(), pointers, hint, CSV)


def cell(text: str, hint: str = "is not a number, such as 1.5") -> Bad:
    """A table whose second number is this text."""
    return table(422, f"sensor_1,sensor_2\n1,{text}\n", "/sensor_2/0", hint=hint)


TABLES = {
    "nothing": table(400, "", ""),
    "line ends": table(400, "\r\n\r\n", ""),
    "a byte order mark": table(422, "\ufeff", "", hint="no header line"),
    "no header": table(422, "1,2\n3,4\n", *BOTH, "/1", "/2", hint="is no input"),
    "a header alone": table(422, "sensor_1,sensor_2\n", "", hint="no rows"),
    "a header alone, unfinished": table(422, "sensor_1,sensor_2", "", hint="no rows"),
    "a column twice": table(422, "sensor_1,sensor_2,sensor_1\n1,1,1\n", "/sensor_1"),
    "a nameless column twice": table(422, "sensor_1,sensor_2,,\n1,1,1,1\n", "/"),
    "a nameless column": table(422, "sensor_1,sensor_2,\n1,1,1\n", "/", hint="is no input"),
    "an unknown column": table(422, "sensor_1,sensor_2,x\n1,1,1\n", "/x", hint="is no input"),
    "a misspelt column": table(
        422, "sensor_1,senser_2\n1,1\n", "/sensor_2", "/senser_2", hint="mean sensor_2?"
    ),
    "a missing column": table(422, "sensor_1\n1\n", "/sensor_2", hint="is missing"),
    "semicolons": table(422, "sensor_1;sensor_2\n1;1\n", "", hint="has semicolons and no commas"),
    "tabs": table(422, "sensor_1\tsensor_2\n1\t1\n", "", hint="has tabs and no commas"),
    "semicolons and decimal commas": table(
        422, "sensor_1;sensor_2\n1,5;1\n", "", hint="has semicolons and no commas"
    ),
    "a short row": table(422, "sensor_1,sensor_2\n1,1\n1\n", "", hint="row 1 has 1 cells"),
    "a long row": table(422, "sensor_1,sensor_2\n1,1,1\n", "", hint="row 0 has 3 cells"),
    "a row of spaces": table(422, "sensor_1,sensor_2\n1,1\n \n", "", hint="row 1 has 1 cells"),
    "text for a number": cell("abc"),
    "an empty cell": cell("", "is empty, not a number"),
    "a quoted empty cell": cell('""', "is empty, not a number"),
    "faults in both columns": table(
        422, "sensor_1,sensor_2\n1,x\ny,1\n", "/sensor_2/0", "/sensor_1/1"
    ),
    **{
        f"the number {text}": cell(text)
        for text in ("1_000", "１２", "٣", "nan", "-NaN", "inf", "Infinity", "0x10", "1 000")
    },
    **{f"the number {text}": cell(text) for text in ("true", "null", "1e", "--1", '"1,5"', "1d0")},
    "1e999": cell("1e999", "out of range"),
    "-1e999": cell("-1e999", "out of range"),
    "1e308": cell("1e308", "out of range"),
    "5,000 digits": cell("9" * 5000, "out of range"),
    "NUL in a cell": cell("1\0"),
    "NUL in a name": table(422, "sensor_1,sensor_2\0\n1,1\n", "/sensor_2", "/sensor_2\0"),
    "an open quote": table(400, 'sensor_1,sensor_2\n1,"1\n', "", hint="line 2"),
    "text behind a quote": table(400, 'sensor_1,sensor_2\n1,"1"1\n', "", hint="line 2"),
    "a cell of a million": table(400, "sensor_1,sensor_2\n1," + "1" * MEGABYTE, "", hint="line 2"),
    "a name of a million": table(400, "s" * MEGABYTE + ",sensor_2\n1,1\n", "", hint="line 1"),
    "Latin-1": table(400, "é,sensor_2\n1,1\n".encode("latin-1"), "", hint="byte 0 is not UTF-8"),
    "UTF-16": table(
        400, "sensor_1,sensor_2\n1,1\n".encode("utf-16"), "", hint="byte 0 is not UTF-8"
    ),
    "JSON": table(422, EXAMPLE, "", hint="no rows"),
}


def refused(content_type: str | None, encoding: str | None = None, body: bytes = EXAMPLE) -> Bad:
    headers = {"Content-Type": content_type, "Content-Encoding": encoding}
    given = {name: value for name, value in headers.items() if value is not None}
    return Bad(415, body, headers=given)


PART = b'--x\r\nContent-Disposition: form-data; name="sensor_1"\r\n\r\n1\r\n--x--\r\n'
TYPES = {
    "no type": refused(None),
    "an empty type": refused(""),
    "half a type": refused("json"),
    "text": refused("text/plain"),
    "a form": refused("application/x-www-form-urlencoded", body=b"sensor_1=1&sensor_2=1"),
    "a form in parts": refused("multipart/form-data; boundary=x", body=PART),
    "a form in parts without a boundary": refused("multipart/form-data", body=PART),
    "a pickle": refused("application/x-pickle", body=b"\x80\x04K\x01."),
    "two types": refused("application/json, application/json"),
    "a type like JSON": refused("application/jsonl"),
    "JSON in UTF-16": refused("application/json; charset=utf-16", body="{}".encode("utf-16")),
    "JSON in Latin-1": refused("application/json; charset=ISO-8859-1"),
    "CSV in UTF-16": refused("text/csv; charset=utf-16", body="sensor_1".encode("utf-16")),
    "an unknown charset": refused('application/json; charset="../../etc"'),
    "gzip": refused("application/json", "gzip", gzip.compress(EXAMPLE)),
    "a gzip bomb": refused("application/json", "gzip", gzip.compress(b" " * 20 * MEGABYTE, 9)),
    "gzip that is none": refused("application/json", "gzip"),
    "gzip twice": refused("application/json", "gzip, gzip"),
    "deflate": refused("application/json", "deflate"),
    "an unknown encoding": refused("application/json", "canary"),
}
BAD_TABLES = {
    **{f"CSV: {name}": case for name, case in TABLES.items()},
    **{f"type: {name}": case for name, case in TYPES.items()},
}
