"""Read a file of skops, in an environment that has skops and the scikit-learn that saved it.

This program needs nothing else. It reads a question as JSON from standard input: `path` is the
file. Without `out` it answers which types in it skops does not trust by itself. With `out`, the
model is saved there by joblib, if `trusted` has all these types.
"""

import json
import sys
import warnings


def main() -> None:
    """Answer one question."""
    warnings.simplefilter("ignore")
    question = json.load(sys.stdin)
    from skops import io  # type: ignore[import-not-found, unused-ignore]

    types = io.get_untrusted_types(file=question["path"])
    if "out" in question:
        refused = sorted(set(types) - set(question["trusted"]))
        if refused:
            raise SystemExit("not trusted: " + ", ".join(refused))
        import joblib

        joblib.dump(io.load(question["path"], trusted=types), question["out"])
    print(json.dumps(types))


if __name__ == "__main__":
    main()
