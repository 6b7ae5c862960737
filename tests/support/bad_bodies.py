"""JSON bodies that must be refused, each with its status and the pointers of its errors."""

from collections.abc import Mapping
from dataclasses import dataclass, field

EXAMPLE = b'{"sensor_1": [1, 2.0, 3], "sensor_2": [1, -1, 0]}'
ANSWER = b'{"class": [0.0, 1.0, 1.0]}'
DEEP = 100_000
BOTH = ("/sensor_1", "/sensor_2")


@dataclass(frozen=True, slots=True)
class Bad:
    """A request to refuse, with the `pointers` of all its errors, and a `hint` in one detail."""

    status: int
    body: bytes
    pointers: tuple[str, ...] = ()
    hint: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


def unparsable(body: str | bytes, hint: str = "") -> Bad:
    return Bad(400, body if isinstance(body, bytes) else body.encode(), ("",), hint)


def unfit(body: str | bytes, *pointers: str, hint: str = "") -> Bad:
    return Bad(422, body if isinstance(body, bytes) else body.encode(), pointers, hint)


def first(value: str, *pointers: str, hint: str = "") -> Bad:
    """A body with this JSON as sensor_1."""
    return unfit(f'{{"sensor_1": {value}, "sensor_2": [1, 1]}}', *pointers, hint=hint)


def rows(value: str, *pointers: str, hint: str = "") -> Bad:
    """A body with this JSON as instances."""
    return unfit(f'{{"instances": {value}}}', *pointers, hint=hint)


NAMES = {
    "no names": unfit("{}", *BOTH, hint="is missing"),
    "a name is missing": unfit('{"sensor_1": [1]}', "/sensor_2", hint="is missing"),
    "a misspelt name": unfit(
        '{"sensor_1": [1], "senser_2": [1]}', "/sensor_2", "/senser_2", hint="mean sensor_2?"
    ),
    "a name in capitals": unfit(
        '{"SENSOR_1": [1], "sensor_2": [1]}', "/sensor_1", "/SENSOR_1", hint="there are sensor_1"
    ),
    "a name too many": unfit('{"sensor_1": 1, "sensor_2": 1, "x": 1}', "/x", hint="is no input"),
    "an empty name": unfit('{"sensor_1": 1, "sensor_2": 1, "": 1}', "/"),
    "a name that a pointer escapes": unfit(
        '{"sensor_1": 1, "sensor_2": 1, "a/b~c": 1}', "/a~1b~0c"
    ),
    "half a surrogate pair as a name": unfit(
        '{"sensor_1": 1, "sensor_2": 1, "\\ud800": 1}', "/\ud800"
    ),
    "NUL in a name": unfit('{"sensor_1\\u0000": 1, "sensor_2": 1}', "/sensor_1", "/sensor_1\0"),
    "a name of Python's": unfit('{"sensor_1": 1, "sensor_2": 1, "__class__": 1}', "/__class__"),
}
COLUMNS = {
    "columns of unequal length": unfit(
        '{"sensor_1": [1, 2], "sensor_2": [1]}', "/sensor_2", hint="has 1 rows, sensor_1 has 2"
    ),
    "a number beside a list": unfit('{"sensor_1": [1, 2], "sensor_2": 1}', "/sensor_2"),
    "lists in strings of unequal length": unfit(
        '{"sensor_1": "[1, 2]", "sensor_2": "[1, 2, 3]"}', "/sensor_2", hint="has 3 rows"
    ),
    "empty lists": unfit('{"sensor_1": [], "sensor_2": []}', "/sensor_1", hint="no rows"),
    "an empty list in a string": first('"[]"', "/sensor_1", hint="no rows"),
    "null in a list": first("[1, null]", "/sensor_1/1", hint="is null"),
    "null as a column": first("null", "/sensor_1", hint="is null"),
    "numbers as strings": first('["1", "2"]', "/sensor_1/0", "/sensor_1/1", hint="is a string"),
    "a number as a string": first('"1"', "/sensor_1", hint="is a string"),
    "booleans": first("[true, false]", "/sensor_1/0", "/sensor_1/1", hint="is a boolean"),
    "a boolean": first("true", "/sensor_1", hint="is a boolean"),
    "lists in a list": first("[[1], [2]]", "/sensor_1/0", "/sensor_1/1", hint="is a list"),
    "an object as a column": first('{"0": 1, "1": 2}', "/sensor_1", hint="is an object"),
    "an object in a list": first("[1, {}]", "/sensor_1/1", hint="is an object"),
    "faults in both columns": unfit(
        '{"sensor_1": [1, null], "sensor_2": ["x", 1]}', "/sensor_1/1", "/sensor_2/0"
    ),
}
NUMBERS = {
    "1e999": first("[1, 1e999]", "/sensor_1/1", hint="out of range"),
    "-1e999": first("[-1e999, 1]", "/sensor_1/0", hint="out of range"),
    "beyond the signature's limit": first("[1e308, -1e308]", "/sensor_1/0", "/sensor_1/1"),
    "an integer beyond float64": first(f"[1, {10**400}]", "/sensor_1/1", hint="out of range"),
    "an integer of 5,000 digits": first(f"[{'9' * 5000}, 1]", "/sensor_1/0", hint="out of range"),
    "minus an integer of 5,000 digits": first(f"-{'9' * 5000}", "/sensor_1", hint="out of range"),
    "5,000 digits beside null": first(f"[{'9' * 5000}, null]", "/sensor_1/1", hint="is null"),
}
INSTANCES = {
    "instances are an object": rows('{"sensor_1": 1}', "/instances", hint="list of rows"),
    "instances are a number": rows("1", "/instances"),
    "instances are null": rows("null", "/instances"),
    "instances are a string": rows('"[[1, 1]]"', "/instances"),
    "no instances": rows("[]", "/instances", hint="no rows"),
    "a list, then an object": rows('[[1, 1], {"sensor_1": 1, "sensor_2": 1}]', "/instances/1"),
    "an object, then a list": rows('[{"sensor_1": 1, "sensor_2": 1}, [1, 1]]', "/instances/1"),
    "rows that are no rows": rows('[1, null, "[1, 1]"]', *(f"/instances/{i}" for i in range(3))),
    "rows of the wrong width": rows("[[1], [1, 2, 3], [1, 1]]", "/instances/0", "/instances/1"),
    "empty rows": rows("[[], []]", "/instances/0", "/instances/1", hint="sensor_1, sensor_2"),
    "a row without a name": rows('[{"sensor_1": 1}]', "/instances/0/sensor_2", hint="missing"),
    "a row with a name too many": rows(
        '[{"sensor_1": 1, "sensor_2": 1, "x": 1}]', "/instances/0/x", hint="is no input"
    ),
    "a row with a misspelt name": rows(
        '[{"sensor_1": 1, "sensor2": 1}]',
        *("/instances/0/sensor2", "/instances/0/sensor_2"),
        hint="did you mean sensor_2?",
    ),
    "bad values in ordered rows": rows('[[1, "x"], [null, 1]]', "/instances/0/1", "/instances/1/0"),
    "bad values in named rows": rows(
        '[{"sensor_1": 1, "sensor_2": 1}, {"sensor_1": 1, "sensor_2": [1]}]',
        "/instances/1/sensor_2",
    ),
    "a row beyond the limit": rows("[[1, 1], [1, 1e999]]", "/instances/1/1", hint="out of range"),
    "instances beside a column": unfit(
        '{"instances": [[1, 1]], "sensor_1": [1]}', "/sensor_1", hint="beside instances"
    ),
    "instances beside parameters": unfit(
        '{"instances": [[1, 1]], "parameters": {}}', "/parameters"
    ),
}
STRINGS = {
    "a broken list": first('"[1, 2"', "/sensor_1", hint="is not a JSON list"),
    "two lists": first('"[1] [2]"', "/sensor_1", hint="is not a JSON list"),
    "a list with NaN": first('"[1, NaN]"', "/sensor_1", hint="NaN is not a JSON number"),
    "a list with -Infinity": first('"[1, -Infinity]"', "/sensor_1", hint="-Infinity is not"),
    "a list of lists": first('"[1, [1]]"', "/sensor_1", hint="is a list"),
    "a list of strings": first('"[1, \\"2\\"]"', "/sensor_1", hint="is a string"),
    "a list with 1e999": first('"[1, 1e999]"', "/sensor_1", hint="out of range"),
    "a list with 5,000 digits": first(f'"[1, {"9" * 5000}]"', "/sensor_1", hint="out of range"),
    "an object": first('"{}"', "/sensor_1", hint="is a string"),
    "duplicate keys": first('"[{\\"a\\": 1, \\"a\\": 1}]"', "/sensor_1", hint="more than once"),
    "nested without end": first(f'"{"[" * DEEP}"', "/sensor_1", hint="nested too deeply"),
}
SHAPES = {
    f"the body is {name}": unfit(body, "", hint="must be an object")
    for name, body in {
        "null": "null",
        "true": "true",
        "a number": "1",
        "1e999": "1e999",
        "a number of 5,000 digits": "9" * 5000,
        "a string": '"[1, 2]"',
    }.items()
}
LISTS = {
    "the body is an empty list": unfit("[]", "", hint="no rows"),
    "the body is a list of numbers": unfit("[1, 2]", "/0", "/1", hint='like {"sensor_1": ...'),
    "the body is a list of rows, one too narrow": unfit("[[1, 1], [2]]", "/1", hint="has 1 values"),
    "the body is a list with a wrong name": unfit(
        '[{"sensor_1": 1, "b": 1}]', "/0/b", "/0/sensor_2"
    ),
    "the body is a list with a wrong value": unfit('[[1, "a"]]', "/0/1", hint="is a string"),
}
NOT_JSON = {
    "nothing": unparsable(""),
    "spaces": unparsable(" \r\n\t"),
    "NaN": unparsable('{"sensor_1": [NaN], "sensor_2": [1]}', "NaN is not"),
    "Infinity": unparsable('{"sensor_1": Infinity, "sensor_2": 1}', "Infinity is not"),
    "-Infinity": unparsable('{"instances": [[-Infinity, 1]]}', "-Infinity is not"),
    "a key twice": unparsable('{"sensor_1": 1, "sensor_2": 1, "sensor_1": 2}', "'sensor_1'"),
    "a key twice, escaped": unparsable('{"sensor_1": 1, "sensor\\u005f1": 2}', "'sensor_1'"),
    "a key twice in a row": unparsable('{"instances": [{"a": 1, "a": 2}]}', "'a'"),
    "a key twice in a value": unparsable('{"sensor_1": {"b": {"a": 1, "a": 2}}}', "'a'"),
    "two documents": unparsable("{} {}", "column 4"),
    "a comma at the end": unparsable('{"sensor_1": [1,], "sensor_2": [1]}'),
    "a comment": unparsable('{"sensor_1": [1] /* one */, "sensor_2": [1]}'),
    "single quotes": unparsable("{'sensor_1': [1]}", "column 2"),
    "bare names": unparsable("{sensor_1: [1]}"),
    "a tab in a string": unparsable('{"sensor\t1": 1}', "control character"),
    "a form": unparsable("sensor_1=1&sensor_2=1"),
    "a table": unparsable("sensor_1,sensor_2\n1,1\n"),
    "a pickle": unparsable(b"\x80\x04K\x01.", "byte 0 is not UTF-8"),
    "gzip": unparsable(b"\x1f\x8b\x08\x00", "byte 1 is not UTF-8"),
    **{
        f"the number {number}": unparsable(f'{{"sensor_1": [{number}], "sensor_2": [1]}}')
        for number in ("+1", "01", ".5", "1.", "0x10", "1_000", "１２", "1e", "--1", "inf")
    },
    **{
        f"the example in {encoding}": unparsable(EXAMPLE.decode().encode(encoding))
        for encoding in ("UTF-16", "UTF-16-LE", "UTF-32", "UTF-32-BE")
    },
    "Latin-1": unparsable('{"é": 1}'.encode("latin-1"), "byte 2 is not UTF-8"),
    "UTF-8 that is too long": unparsable(b'{"\xc0\x80": 1}', "byte 2 is not UTF-8"),
    "a surrogate in UTF-8": unparsable(b'{"\xed\xa0\x80": 1}', "byte 2 is not UTF-8"),
    "a byte order mark": unparsable(b"\xef\xbb\xbf" + EXAMPLE),
    "nested lists without end": unparsable("[" * DEEP, "nested too deeply"),
    "nested objects without end": unparsable('{"a":' * DEEP, "nested too deeply"),
    "deep lists that are closed": unparsable("[" * DEEP + "]" * DEEP, "nested too deeply"),
    "deep in a column": unparsable('{"sensor_1": ' + "[" * DEEP, "nested too deeply"),
}
BAD_JSON = {
    **NAMES,
    **COLUMNS,
    **NUMBERS,
    **INSTANCES,
    **{f"a string holds {name}": case for name, case in STRINGS.items()},
    **SHAPES,
    **LISTS,
    **NOT_JSON,
}
