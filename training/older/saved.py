"""Pack a model for the scikit-learn that saved it, where the installed one predicts differently.

`pack` runs in the environment of the lock: Slipway's code with the libraries of the model. So the
same libraries write the artifact, load it back, compare its predictions, and serve it later.
"""

import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from training.errors import PackError
from training.older import lock
from training.older.proof import Older

PREFIX = "slipway: "
OPTIONS = ("target", "ignore", "name", "separator", "decimal", "load_seconds", "load_bytes")


def pack(options: Namespace, older: Older, why: PackError) -> None:
    """Publish the artifact with its lock; PackError, with the reason `why`, if that fails."""
    named = ", ".join(map(str, options.model))
    if options.engine == "onnx":
        raise PackError(f"{named}: {why}") from why
    there = older.environment
    print(f"note: {why}; trying that release itself", file=sys.stderr)
    try:
        locked = lock.ready(there, older.names)
    except PackError as error:
        raise PackError(f"{named}: {why}; to serve it with its own, it {error}") from error
    ended = subprocess.run(  # noqa: S603
        [str(locked.python), "-W", "ignore", "-m", "training", *_arguments(options, older, locked)],
        capture_output=True,
        text=True,
        cwd=lock.ROOT,  # of Slipway's code
    )
    if ended.returncode:
        line = (ended.stderr.strip().splitlines() or ["no reason"])[-1].removeprefix(PREFIX)
        raise PackError(f"{line.removeprefix('error: ')} (with scikit-learn {there.version})")
    print(ended.stderr, end="", file=sys.stderr)
    print(ended.stdout, end="")
    print(f"note: scikit-learn {there.version} serves it, which the image installs by its lock")


def _arguments(options: Namespace, older: Older, locked: lock.Locked) -> Iterator[str]:
    """The command line of `pack` in the environment of the lock."""
    yield from ("pack", *(str(path.resolve()) for path in options.model))
    yield from ("--sample", str(options.sample.resolve()))
    yield from ("--out", str(options.out.resolve()), "--engine", "sklearn")
    yield "--report" if options.report else "--no-report"
    yield from ("--env", str(older.environment.python), "--lock", str(locked.lock))
    for name in OPTIONS:
        value = getattr(options, name)
        if value:
            yield from (f"--{name.replace('_', '-')}", str(value))
    if options.held_out:
        yield "--held-out"
    if options.example:
        yield from ("--example", str(options.example.resolve()))
    for one in options.code:
        path, *names = one.rsplit(":", 1)
        yield from ("--code", ":".join((str(Path(path).resolve()), *names)))
    for name in options.trust:
        yield from ("--trust", name)
    for kind in options.kind:
        yield from ("--kind", kind)
