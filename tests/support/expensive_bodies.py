"""Bodies within the limits that are meant to take much CPU time, each with its expected status."""

import json

from service.settings import Settings
from tests.support.bad_bodies import Bad
from tests.support.bad_tables import CSV

LIMIT = Settings().max_body_bytes
MANY = 50_000


def body(payload: object) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()


def filled(piece: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    """A body with as many of these pieces as the limit allows."""
    return before + piece * ((LIMIT - len(before) - len(after)) // len(piece)) + after


def numbered(piece: str, before: bytes = b"{", after: bytes = b"}", room: int = LIMIT) -> bytes:
    """A body with as many pieces as the limit allows, each with another number."""
    pieces: list[bytes] = []
    room -= len(before) + len(after)
    while (room := room - len(made := (piece % len(pieces)).encode()) - 1) > 0:
        pieces.append(made)
    return before + b",".join(pieces) + after


def column(values: bytes) -> bytes:
    return b'{"sensor_1":%s,"sensor_2":[1,1]}' % values


def in_a_column(piece: bytes, after: bytes = b"1") -> bytes:
    return filled(piece + b",", b'{"sensor_1":[', after + b'],"sensor_2":[1,1]}')


def in_a_string(piece: bytes, after: bytes = b"1") -> bytes:
    return filled(piece + b",", b'{"sensor_1":"[', after + b']","sensor_2":[1,1]}')


def in_instances(piece: bytes) -> bytes:
    return filled(piece + b",", b'{"instances":[', piece + b"]}")


def table(columns: int, rows: int = 1) -> bytes:
    header = ",".join(f"{number:x}" for number in range(columns)) + "\n"
    row = ",".join("1" * columns) + "\n"
    return (header + row * rows).encode()


DEEP = b"[" * 900 + b"]" * 900
DIGITS = b"9" * 5000
UNFIT = {
    "empty lists in a list": filled(b"[],", b"[", b"1]"),
    "lists in lists": filled(b"[[[[[]]]]],", b"[", b"1]"),
    "deep lists": filled(DEEP + b",", b"[", b"1]"),
    "deep lists in a column": in_a_column(DEEP),
    "empty lists in a column": in_a_column(b"[]"),
    "empty lists in a string": in_a_string(b"[]"),
    "empty lists before 5,000 digits": in_a_column(b"[]", DIGITS),
    "empty lists before 5,000 digits in a string": in_a_string(b"[]", DIGITS),
    "empty lists as instances": in_instances(b"[]"),
    "empty objects as instances": in_instances(b"{}"),
    "objects in objects as instances": in_instances(b'{"":{}}'),
    "numbers in a column": in_a_column(b"1"),
    "decimals in a column": in_a_column(b"1.5"),
    "numbers before 5,000 digits": in_a_column(b"1", DIGITS),
    "numbers of 4,300 digits": in_a_column(b"9" * 4300),
    "named rows": in_instances(b'{"sensor_1":1,"sensor_2":1}'),
    "strings of quotes": in_a_column(b'"\\""', b"[]"),
    "strings before 5,000 digits": in_a_column(b'""', DIGITS),
    "10,000 rows of text": body({"sensor_1": ["x"] * 10_000, "sensor_2": ["x"] * 10_000}),
    "10,000 empty objects": body({"instances": [{}] * 10_000}),
    "10,000 empty lists": body({"instances": [[]] * 10_000}),
    "lists in the cells of 10,000 rows": column(
        b"[" + b",".join([b"[" + b"[]," * 25 + b"1]"] * 10_000) + b"]"
    ),
    "names": numbered('"%x":1'),
    "names of lists": numbered('"%x":[[]]'),
    "names of lists in strings": numbered('"%x":"[1]"'),
    "names of bad lists in strings": numbered('"%x":"["'),
    "names like an input": body({f"sensor_{number}": 1 for number in range(MANY)}),
    "names of one row": numbered('"%x":1.5', b'{"instances":[{', b"}]}"),
    "20 names of long lists in strings": body(
        {f"{n}": "[" + "[]," * 15_000 + "1]" for n in range(20)}
    ),
    "a long name": body({"k" * 900_000: 1}),
    "a long name in a row": body({"instances": [{"k" * 900_000: 1}]}),
    "a long name beside instances": body({"instances": [[1, 1]], "k" * 900_000: 1}),
    "long names in other scripts": body({chr(0x1F600 + n) * 64: 1 for n in range(20)}),
    "longer names in other scripts": body({chr(0x1F600 + n) * 2000: 1 for n in range(20)}),
    "a number of a million digits": column(b"9" * 1_000_000),
    "numbers of 4,000 digits": body({"sensor_1": [10**4000] * 262, "sensor_2": 1}),
    "escapes in a name": filled(b"\\u0000", b'{"', b'":1}'),
    "escapes in a string": filled(b"\\u0000", b'{"sensor_1":"', b'"}'),
    "nested in a string": body({"sensor_1": "[" * 1_000_000, "sensor_2": 1}),
    "nested in a string, with quotes": filled(b'[\\"\\",', b'{"sensor_1":"', b'"}'),
}
UNPARSABLE = {
    "a long name twice": b'{"%s":1,"%s":1}' % (b"k" * 500_000, b"k" * 500_000),
    "many names, the first one twice": numbered('"%x":1', after=b',"0":1}', room=200_000),
    "lists nested a million deep": b"[" * LIMIT,
    "objects nested without end": filled(b'{"a":'),
    "lists nested and closed": filled(b"[", after=b"]" * (LIMIT // 2)),
    "spaces": b" " * LIMIT,
    "quotes": b'"' * LIMIT,
    "backslashes": b"\\" * LIMIT,
    "digits, and no more": b"-" * LIMIT,
}
HEAD = b"sensor_1,sensor_2\n"
UNFIT_TABLES = {
    "columns": table(120_000),
    "columns of 100 rows": table(5000, 100),
    "columns of 10,000 rows": table(50, 10_000),
    "rows": filled(b"1,1\n", HEAD),
    "rows that end in CR": filled(b"1,1\r", HEAD),
    "rows of nothing": filled(b",\n", HEAD),
    "rows of a cell": filled(b"1\n", HEAD),
    "rows of lines": filled(b'"\n\n\n\n\n",1\n', HEAD),
    "10,000 rows of text": HEAD + b"x,x\n" * 10_000,
    "a long column name twice": b"k" * 130_000 + b"," + b"k" * 130_000 + b"\n1,1\n",
    "spaces": HEAD + (b"1" + b" " * 130_000 + b"x,1\n") * 8,
    "more spaces": HEAD + (b" " * 100_000 + b"x,1\n") * 10,
    "digits": HEAD + (b"1" * 130_000 + b"x,1\n") * 8,
    "commas": b"a".ljust(LIMIT, b","),
    "rows of commas": filled(b"," * 1000 + b"\n", HEAD),
    "blank lines": b"a".ljust(LIMIT, b"\n"),
    "blank lines first": b"\n" * (LIMIT - 1) + b"a",
}
UNPARSABLE_TABLES = {
    "a long column name": b"k" * 140_000 + b",sensor_2\n1,1\n",
    "an open quote": filled(b"\n", HEAD + b'"'),
}


JSON = {"Content-Type": "application/json"}
EXPENSIVE = {
    **{name: Bad(422, content, headers=JSON) for name, content in UNFIT.items()},
    **{name: Bad(400, content, headers=JSON) for name, content in UNPARSABLE.items()},
    **{f"CSV: {name}": Bad(422, content, headers=CSV) for name, content in UNFIT_TABLES.items()},
    **{
        f"CSV: {name}": Bad(400, content, headers=CSV)
        for name, content in UNPARSABLE_TABLES.items()
    },
}
