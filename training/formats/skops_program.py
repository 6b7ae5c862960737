"""Reads a file of skops, in an environment with skops and the scikit-learn that saved the file.

This program imports nothing else. It reads a JSON object from standard input; `path` is the file.
It prints the types in the file that skops does not trust. If there is `out`, it also saves the
model there by joblib, provided that `trusted` has all these types.
"""

import json
import sys
import warnings


def main() -> None:
    """Read the request, print the types, and save the model if requested."""
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
