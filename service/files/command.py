"""`python -m service predict`: a CSV file in, the same rows with their predictions out."""

import argparse
import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Any

from service.app import load
from service.files.parts import OutputError, Parts
from service.files.progress import Progress
from service.files.scoring import Refused, Scorer
from service.files.tables import InputError, Row, Table
from service.model.predictor import Predictor
from service.settings import Settings

CHUNK = 10_000  # rows
SAVE_SECONDS = 1.0  # of work that a crash may cost


class BadRowError(InputError):
    """A row that the model does not take."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("artifact", metavar="ARTIFACT", help="folder of a packed model")
    parser.add_argument("input", type=Path, metavar="INPUT", help="CSV file with a header line")
    parser.add_argument("output", type=Path, metavar="OUTPUT", help="CSV file to write")
    parser.add_argument(
        "--on-error",
        choices=("stop", "skip"),
        default="stop",
        help="at a row that the model does not take: stop, or put it into OUTPUT.bad.csv with the "
        "reason and go on (%(default)s)",
    )
    parser.add_argument(
        "--confidence", action="store_true", help="add the model's probabilities, or scores"
    )
    parser.add_argument(
        "--only", action="store_true", help="write predictions without the input's columns"
    )
    parser.add_argument("--encoding", default="utf-8", help="of INPUT (%(default)s)")


def run(options: argparse.Namespace) -> str:
    """Score the file, going on where an earlier run was ended; what came of it in one line."""
    predictor = load(Settings.from_environment().of_model(options.artifact))
    if options.confidence and predictor.signature.confidence is None:
        raise InputError(
            f"{options.artifact}: this model tells no confidence; leave --confidence out"
        )
    if options.input.resolve() == options.output.resolve():
        raise OutputError(f"{options.output}: is the input; choose another name")
    with closing(Table(options.input, options.encoding, predictor.signature.names)) as table:
        scorer = Scorer(predictor, table.header, options.confidence)
        kept = [] if options.only else table.header
        for name in scorer.columns:
            if name in kept:
                raise InputError(
                    f"{options.input}: has a column {name}, as the output would: rename it, or "
                    "leave the input's columns out with --only"
                )
        header = [*kept, *scorer.columns]
        job = _job(options, predictor)
        bad_header = ["line", "reason", *table.header]
        with closing(Parts(options.output, job, header, bad_header)) as parts:
            return _score(options, table, scorer, parts)


def _score(options: argparse.Namespace, table: Table, scorer: Scorer, parts: Parts) -> str:
    before = parts.state.rows
    began = saved = monotonic()
    progress = Progress(options.input.stat().st_size)
    skipped = 0
    try:
        for chunk in table.chunks(CHUNK):
            if skipped < before:  # an earlier run wrote them; it ended between two chunks
                skipped += len(chunk)
                continue
            scored = scorer.score(chunk)
            bad = [(row, one) for row, one in zip(chunk, scored, strict=True) if _is_bad(one)]
            if bad and options.on_error == "stop":
                row, reason = bad[0]
                raise BadRowError(
                    f"{options.input}, line {row.line}: {reason}; --on-error skip puts such rows "
                    "aside"
                )
            good = (
                [*([] if options.only else row.cells), *one]
                for row, one in zip(chunk, scored, strict=True)
                if not isinstance(one, Refused)
            )
            parts.write(good, [_told(row, one) for row, one in bad], len(chunk))
            if monotonic() - saved > SAVE_SECONDS:
                parts.save()
                saved = monotonic()
            progress.show(table.position, parts.state.rows - before)
        parts.publish()
    except InputError:
        parts.drop()
        raise
    except OSError as error:
        raise OutputError(
            f"{options.output}: cannot be written ({error.strerror}); mend that and run it again: "
            "it goes on"
        ) from error
    finally:
        progress.clear()
    return _summary(options, parts, before, monotonic() - began)


def _summary(options: argparse.Namespace, parts: Parts, before: int, seconds: float) -> str:
    state = parts.state
    aside = f", {state.bad:,} put aside in {parts.bad_output}" if state.bad else ""
    went_on = f" (went on after {before:,})" if before else ""
    return (
        f"{state.rows - state.bad:,} of {state.rows:,} rows scored to {options.output} in "
        f"{seconds:.1f} s{went_on}{aside}"
    )


def _job(options: argparse.Namespace, predictor: Predictor) -> dict[str, Any]:
    """What must be the same for a run to go on where another was ended."""
    source = os.stat(options.input)
    return {
        "input": [source.st_size, source.st_mtime_ns, source.st_ino],
        "model": predictor.manifest.version,
        "options": [options.on_error, options.confidence, options.only, options.encoding],
        "chunk": CHUNK,
    }


def _is_bad(one: Sequence[str] | Refused) -> bool:
    return isinstance(one, Refused)


def _told(row: Row, reason: object) -> list[str]:
    return [str(row.line), str(reason), *row.cells]
