"""Predicts with an older scikit-learn, as a program of its own.

This program runs in an environment that has that release, on Python 3.6 or later, and needs nothing
else. It reads a request as JSON from standard input:

- `parts` are the files of the estimators in the order in which they are applied, each with the keys
  that lead to the estimator in its object.
- `code` are the modules of the model, `main` those of their names that its pickle finds in
  `__main__`.
- `container` is array, frame or list.
- `sets` are sets of rows: columns with a name, a dtype and values each.
- `changes` are lists of other values for columns of the first set, each with the index of its
  column.

It writes JSON to standard output: `versions` of its libraries, `answers` with the predictions for
each set, or the error, and for each list of `changes` the columns whose value the model `refused`.
Numbers are exact both ways.
"""

import importlib
import json
import os
import sys
import tempfile
import warnings
from typing import Any


def rows_of(columns: Any, container: str) -> Any:
    """Rows in the container that the model takes."""
    import numpy

    if container == "list":
        return columns[0]["values"]
    if container == "array":
        if all(one["dtype"] == "float64" for one in columns):
            values = [numpy.array(one["values"], dtype="float64") for one in columns]
        else:
            values = [numpy.array(one["values"], dtype=object) for one in columns]
        return numpy.column_stack(values)
    import pandas

    return pandas.DataFrame({one["name"]: column_of(one) for one in columns})[
        [one["name"] for one in columns]
    ]


def column_of(one: Any) -> Any:
    """One column of a frame."""
    import numpy
    import pandas

    dtype = one["dtype"]
    if dtype.startswith("datetime64["):
        unit, _, zone = dtype[len("datetime64[") : -1].partition(", ")
        found = pandas.Series(numpy.array(one["values"], dtype="int64").view("M8[" + unit + "]"))
        return found.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else found
    if dtype in ("object", "str"):
        return pandas.Series(one["values"], dtype=object)
    return pandas.Series(one["values"]).astype(dtype)


def loaded(part: Any) -> Any:
    """The estimator in a file."""
    import joblib

    with open(part["path"], "rb") as file:  # each joblib knows only its own arrays
        if b"sklearn.externals.joblib" in file.read():
            from sklearn.externals import joblib
    found = joblib.load(part["path"])
    for key in part["keys"]:
        found = found[key]
    return found


def answers_of(parts: Any, rows: Any) -> Any:
    """The labels or numbers, and the probabilities or scores if there are some."""
    import numpy

    for one in parts[:-1]:
        rows = one.transform(rows)
    model = parts[-1]
    found = {"predict": numpy.asarray(model.predict(rows)).tolist()}
    for name in ("predict_proba", "decision_function"):
        if hasattr(model, name):
            given = getattr(model, name)(rows)
            several = isinstance(given, list)
            found[name] = [one.tolist() for one in given] if several else given.tolist()
            break
    return found


def refused_columns(parts: Any, columns: Any, changes: Any, container: str) -> Any:
    """The columns whose changed value the model refuses, by index.

    Changes are tried together, and by halves if the model refuses them, down to groups of one, or
    of a 256th where there are more: a wide table would take too many predictions one by one.
    """
    smallest = max(1, len(changes) // 256)

    def refused(tried: Any) -> Any:
        changed = list(columns)
        for place, values in tried:
            changed[place] = dict(columns[place], values=values)
        try:
            answers_of(parts, rows_of(changed, container))
        except Exception:
            if len(tried) <= smallest:
                return [place for place, _ in tried]
            half = len(tried) // 2
            return refused(tried[:half]) + refused(tried[half:])
        return []

    return refused(changes) if changes else []


def main() -> None:
    """Answer one request."""
    warnings.simplefilter("ignore")
    request = json.load(sys.stdin)

    with tempfile.TemporaryDirectory() as folder:
        install_code(request["code"], request["main"], folder)
        respond([loaded(one) for one in request["parts"]], request)


def install_code(code: Any, main: Any, folder: str) -> None:
    """Make the model's modules importable, also as `__main__` if a script saved it."""
    for name, text in code.items():
        path = os.path.join(folder, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    for name, (module, own) in main.items():
        setattr(sys.modules["__main__"], name, getattr(importlib.import_module(module), own))


def respond(parts: Any, request: Any) -> None:
    """Print the answers to all sets of rows."""
    import numpy
    import sklearn

    versions = {
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "scikit-learn": sklearn.__version__,
        "numpy": numpy.__version__,
    }
    answers = []
    for columns in request["sets"]:
        try:
            answers.append(answers_of(parts, rows_of(columns, request["container"])))
        except Exception as error:
            answers.append({"error": type(error).__name__ + ": " + str(error)})
    refused = [
        refused_columns(parts, request["sets"][0], one, request["container"])
        for one in request["changes"]
    ]
    print(json.dumps({"versions": versions, "answers": answers, "refused": refused}))


if __name__ == "__main__":
    main()
