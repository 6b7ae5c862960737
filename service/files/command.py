"""`slipway predict`: a file in, the same rows with their predictions out."""

import argparse
import os
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from time import monotonic
from typing import Any

from service.app import load
from service.files import compression, lines, parquet
from service.files.columns import Parquet
from service.files.crew import Map, crew
from service.files.dialect import Dialect
from service.files.names import STANDARD, Kind, kind_of
from service.files.objects import JsonLines, JsonTable
from service.files.parquet import ParquetTable
from service.files.parts import OutputError, Parts
from service.files.places import copied, sent, shown
from service.files.progress import Progress
from service.files.results import Compressed, Csv, Format, Work, joined_lines
from service.files.scoring import Scorer
from service.files.tables import InputError, Table
from service.files.text import CsvTable
from service.model.predictor import Predictor
from service.settings import Settings, one_thread

SAVE_SECONDS = 1.0  # of work that a crash may cost


class BadRowError(InputError):
    """A row that the model does not take."""


def run(options: argparse.Namespace) -> str:
    """Score the file, wherever it is; what came of it in one line."""
    if options.input == options.output != STANDARD:
        raise OutputError(f"{options.output}: is the input; choose another name")
    if options.output == STANDARD and options.on_error == "skip":
        raise OutputError(
            "standard output: --on-error skip needs a file, for bad rows are put beside it"
        )
    with copied(options.input) as source, sent(options.output) as output:
        paths = {"input": source, "output": output}
        line = _run(argparse.Namespace(**{**vars(options), **paths}))
        return line.replace(str(output), shown(options.output))


def _run(options: argparse.Namespace) -> str:
    """Score it, going on where an earlier run was ended."""
    one_thread()  # for each process; pools of threads would not survive the fork
    predictor = load(Settings.from_environment().of_model(options.artifact))
    if options.confidence and predictor.signature.confidence is None:
        raise InputError(
            f"{options.artifact}: this model tells no confidence; leave --confidence out"
        )
    if options.input.resolve() == options.output.resolve():
        raise OutputError(f"{options.output}: is the input; choose another name")
    dialect = Dialect(options.separator, options.decimal, options.safe_cells)
    output_kind = kind_of(options.output, options.format)
    with closing(_table(options, predictor, dialect)) as table:
        scorer = Scorer(predictor, options.confidence)
        kept = [] if options.only else table.header
        for name in scorer.columns:
            if name in kept:
                raise InputError(
                    f"{options.input}: has a column {name}, as the output would: rename it, or "
                    "leave the input's columns out with --only"
                )
        compression.require(options.output, output_kind.compression)
        form = _format(options, predictor, table, kept, scorer.columns, dialect, output_kind)
        work = Work(table, scorer, form, dialect)
        bad_head = joined_lines(dialect.lines([[table.unit, "reason", *table.header]]))
        # Before the output is opened, for what they inherit stays open, and locked, until they end.
        with (
            crew(work, min(options.processes, table.pieces)) as mapped,
            closing(
                Parts(options.output, _job(options, predictor), work.format, bad_head)
            ) as parts,
        ):
            return _score(options, table, mapped, parts)


def _score(options: argparse.Namespace, table: Table, mapped: Map, parts: Parts) -> str:
    before = parts.state.rows
    began = saved = monotonic()
    progress = Progress(table.total)
    try:
        for result in mapped(islice(table.blocks(), parts.state.blocks, None)):
            if result.refused and options.on_error == "stop":
                raise BadRowError(
                    f"{options.input}, {result.first}; --on-error skip puts such rows aside"
                )
            parts.write(result)
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
        "options": [
            *(options.on_error, options.confidence, options.only, options.encoding),
            *(options.safe_cells, options.separator, options.decimal, options.format),
        ],
        "block": [lines.BLOCK, parquet.ROWS],
    }


def _table(options: argparse.Namespace, predictor: Predictor, dialect: Dialect) -> Table:
    path, names = options.input, predictor.signature.names
    kind = kind_of(path, options.format)
    if kind.format == "parquet":
        return ParquetTable(path, names, dialect)
    if kind.format == "jsonl":
        return JsonTable(path, options.encoding, names, kind.compression, dialect)
    return CsvTable(path, options.encoding, names, kind.compression, dialect)


def _format(
    options: argparse.Namespace,
    predictor: Predictor,
    table: Table,
    kept: Sequence[str],
    columns: Sequence[str],
    dialect: Dialect,
    kind: Kind,
) -> Format:
    if kind.format == "parquet":
        parquet.require(options.output)
        return Parquet(predictor.signature, kept, columns, table.schema)
    form: Format = Csv(kept, columns, predictor.signature, dialect)
    if kind.format == "jsonl":
        form = JsonLines(kept, columns)
    return Compressed(form, kind.compression) if kind.compression else form
