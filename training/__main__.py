"""`python -m training fit`, `pack`, `inspect` and `diff`: the command line of the training half."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from service.model.artifact import ArtifactError
from service.model.limits import Limits
from training import commands
from training.errors import TrainingError
from training.sensor_example import data

ARTIFACT = Path("artifacts/model")
ENGINES = ("auto", "onnx", "sklearn")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0, or the sysexits code of what went wrong, told in one line on stderr."""
    options = _parser().parse_args(arguments)
    try:
        code: int | None = options.run(options)
    except KeyboardInterrupt:
        print("training: interrupted; nothing was published", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read the output has seen enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (TrainingError, ArtifactError) as error:
        print(f"training: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"training: cannot be written ({error}); choose another place", file=sys.stderr)
        return os.EX_CANTCREAT
    return code or 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    subparsers = parser.add_subparsers(dest="command", required=True)

    fit = subparsers.add_parser(
        "fit", help="train the sensor model, evaluate it, and pack it if it is good enough"
    )
    fit.add_argument(
        "--data", type=Path, default=data.DEFAULT, metavar="CSV", help="readings (%(default)s)"
    )
    fit.set_defaults(run=commands.fit)

    pack = subparsers.add_parser("pack", help="pack a fitted scikit-learn estimator")
    pack.add_argument("model", type=Path, metavar="MODEL", help="what joblib.dump wrote")
    pack.add_argument(
        "--sample",
        type=Path,
        required=True,
        metavar="FILE",
        help="rows that the model takes: CSV, or .parquet, .arrow or .feather, which keep types",
    )
    pack.add_argument(
        "--target",
        default="",
        metavar="COLUMN",
        help="what the model predicts, if the sample has it; several separated by commas",
    )
    pack.add_argument(
        "--ignore",
        default="",
        metavar="COLUMN",
        help="what else the sample has and the model does not take; several separated by commas",
    )
    pack.add_argument("--name", help="what to call the model (the file's name)")
    pack.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="NAME",
        help="a class, function or module of yours that the model needs; its code will run",
    )
    pack.add_argument(
        "--kind",
        action="append",
        default=[],
        metavar="NAME=KIND",
        help="what a column is: category, text, integer, number, boolean, date or datetime",
    )
    pack.set_defaults(run=commands.pack)

    for command in (fit, pack):
        command.add_argument(
            "--engine",
            choices=ENGINES,
            default="auto",
            help="what serves the model; auto: the faster, if both answer equally (%(default)s)",
        )
        command.add_argument(
            "--no-report",
            dest="report",
            action="store_false",
            help="leave out the report on how good the model is, which takes a second or two",
        )
        command.add_argument(
            "--out",
            type=Path,
            default=ARTIFACT,
            metavar="DIR",
            help="where to put the artifact (%(default)s)",
        )

    diff = subparsers.add_parser(
        "diff", help="say what changes if a new artifact takes an old one's place; 1 if it breaks"
    )
    diff.add_argument("old", type=Path, metavar="OLD", help="the artifact that is served")
    diff.add_argument("new", type=Path, metavar="NEW", help="the one that shall be")
    diff.add_argument("--sample", type=Path, metavar="CSV", help="rows to compare predictions on")
    diff.add_argument("--trust", action="append", default=[], metavar="NAME", help="as for pack")
    diff.set_defaults(run=commands.diff)
    pack.add_argument(
        "--env",
        type=Path,
        metavar="PYTHON",
        help="a Python that has the scikit-learn which saved the model, if that is another one",
    )
    for command in (pack, diff):
        command.add_argument(
            "--load-seconds",
            type=float,
            default=Limits().seconds,
            metavar="N",
            help="time for a model to load and to replay its golden rows (%(default)s)",
        )
        command.add_argument(
            "--load-bytes",
            type=int,
            default=Limits().bytes,
            metavar="N",
            help="memory for that, on top of what the process has (%(default)s)",
        )

    inspect = subparsers.add_parser(
        "inspect", help="say what a model file would import, without importing it"
    )
    inspect.add_argument("file", type=Path, metavar="FILE", help="a model file or an artifact")
    inspect.add_argument("--trust", action="append", default=[], metavar="NAME", help="as for pack")
    inspect.set_defaults(run=commands.inspect)
    return parser


if __name__ == "__main__":
    sys.exit(main())
