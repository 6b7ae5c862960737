"""`slipway predict`: reads a file of rows, and writes them with their predictions."""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from time import monotonic
from typing import Any

import click

from service.app import load
from service.batch import compression, parquet_table, text_file
from service.batch.csv_table import CsvTable
from service.batch.dialect import Dialect
from service.batch.file_names import STANDARD, Kind, file_kind
from service.batch.json_lines import JsonLinesFormat, JsonLinesTable
from service.batch.locations import display_name, local_input, local_output
from service.batch.output import CompressedFormat, CsvFormat, Format, Work, joined_lines
from service.batch.parquet_output import ParquetFormat
from service.batch.parquet_table import ParquetTable
from service.batch.partial_output import OutputError, PartialOutput
from service.batch.scoring import Scorer
from service.batch.tables import InputError, Table
from service.batch.workers import Map, worker_pool
from service.model.known_categories import Unknown
from service.model.predictor import Predictor
from service.settings import Settings, one_thread

SAVE_SECONDS = 1.0  # after a crash, at most the work of this time is repeated


class BadRowError(InputError):
    """A row that the model does not accept."""


def run(options: argparse.Namespace) -> str:
    """Score a local file, standard input or a file on S3. Return a line with a summary, and a line
    for each input with values that the model does not know."""
    if options.input == options.output != STANDARD:
        raise OutputError(f"{options.output}: is also the input; choose another name")
    if options.output == STANDARD and options.on_error == "skip":
        raise OutputError(
            "standard output: --on-error skip needs a file, because bad rows are written next to it"
        )
    with local_input(options.input) as source, local_output(options.output) as output:
        paths = {"input": source, "output": output}
        line = _run(argparse.Namespace(**{**vars(options), **paths}))
        return line.replace(str(output), display_name(options.output))


def _run(options: argparse.Namespace) -> str:
    """Score a local file, and resume an interrupted run."""
    one_thread()  # per process: thread pools do not survive a fork
    predictor = load(Settings.from_environment().of_model(options.artifact))
    if options.confidence and predictor.signature.confidence is None:
        raise InputError(
            f"{options.artifact}: this model has no probabilities or scores; leave --confidence out"
        )
    if options.input.resolve() == options.output.resolve():
        raise OutputError(f"{options.output}: is also the input; choose another name")
    dialect = Dialect(options.separator, options.decimal, options.safe_cells)
    output_kind = file_kind(options.output, options.format)
    with closing(_table(options, predictor, dialect)) as table:
        scorer = Scorer(predictor, options.confidence)
        kept = [] if options.only else table.header
        for name in scorer.columns:
            if name in kept:
                raise InputError(
                    f"{options.input}: has a column {name}, which is the name of a prediction: "
                    "rename it, or leave the input's columns out with --only"
                )
        compression.require(options.output, output_kind.compression)
        form = _format(options, predictor, table, kept, scorer.columns, dialect, output_kind)
        work = Work(table, scorer, form, dialect)
        bad_head = joined_lines(dialect.lines([[table.unit, "reason", *table.header]]))
        # The workers start before the output is opened: they would inherit it, open and locked.
        with (
            worker_pool(work, min(options.processes, table.pieces)) as map_blocks,
            closing(
                PartialOutput(options.output, _job(options, predictor), work.format, bad_head)
            ) as output,
        ):
            return _score(options, table, map_blocks, output)


def _score(
    options: argparse.Namespace, table: Table, map_blocks: Map, output: PartialOutput
) -> str:
    before = output.state.rows
    began = saved = monotonic()
    try:
        with click.progressbar(
            length=table.total,
            file=sys.stderr,
            hidden=not sys.stderr.isatty(),
            item_show_func=_rows,
        ) as bar:
            for result in map_blocks(islice(table.blocks(), output.state.blocks, None)):
                if result.rejected and options.on_error == "stop":
                    raise BadRowError(
                        f"{options.input}, {result.first}; --on-error skip writes such rows "
                        "elsewhere"
                    )
                output.write(result)
                if monotonic() - saved > SAVE_SECONDS:
                    output.save()
                    saved = monotonic()
                bar.update(table.position - bar.pos, output.state.rows - before)
        output.publish()
    except InputError:
        output.drop()
        raise
    except OSError as error:
        raise OutputError(
            f"{options.output}: cannot be written ({error.strerror}); when that is fixed, run the "
            "command again: it resumes"
        ) from error
    return _summary(options, output, before, monotonic() - began)


def _rows(count: int | None) -> str:
    return f"{count or 0:,} rows"


def _summary(
    options: argparse.Namespace, output: PartialOutput, before: int, seconds: float
) -> str:
    state = output.state
    rejected = f", {state.bad:,} rejected to {output.bad_output}" if state.bad else ""
    resumed = f" (resumed after {before:,})" if before else ""
    scored = state.rows - state.bad
    summary = (
        f"{scored:,} of {state.rows:,} rows scored to {options.output} in "
        f"{seconds:.1f} s{resumed}{rejected}"
    )
    found = state.unknown_values.items()
    return "\n".join([summary, *(_unknown(name, one, scored) for name, one in found)])


def _unknown(name: str, found: Unknown, rows: int) -> str:
    value = found.value
    value = int(value) if isinstance(value, float) and value.is_integer() else value
    note = (
        f"note: {name} has a value that the model does not know in {found.rows:,} of {rows:,} "
        f"rows, such as {value!r:.40}"
    )
    if found.code is None:
        return note
    return f"{note}: it is {found.code} without its zeros; read and write the column as text"


def _job(options: argparse.Namespace, predictor: Predictor) -> dict[str, Any]:
    """The input, model, options and block sizes: a run resumes another only if all are equal."""
    source = os.stat(options.input)
    return {
        "input": [source.st_size, source.st_mtime_ns, source.st_ino],
        "model": predictor.manifest.version,
        "options": [
            *(options.on_error, options.confidence, options.only, options.encoding),
            *(options.safe_cells, options.separator, options.decimal, options.format),
        ],
        "block": [text_file.BLOCK_CHARACTERS, parquet_table.BATCH_ROWS],
    }


def _table(options: argparse.Namespace, predictor: Predictor, dialect: Dialect) -> Table:
    path, names = options.input, predictor.signature.names
    kind = file_kind(path, options.format)
    if kind.format == "parquet":
        return ParquetTable(path, names, dialect)
    if kind.format == "jsonl":
        return JsonLinesTable(path, options.encoding, names, kind.compression, dialect)
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
        parquet_table.require(options.output)
        return ParquetFormat(predictor.signature, kept, columns, table.schema)
    form: Format = CsvFormat(kept, columns, predictor.signature, dialect)
    if kind.format == "jsonl":
        form = JsonLinesFormat(kept, columns)
    return CompressedFormat(form, kind.compression) if kind.compression else form
