"""Commands: `check` verifies a packed model, `example` prints a request, `key` makes an API key,
`bench` measures how many requests a worker answers, `predict` scores a file."""

import argparse
import hashlib
import json
import re
import secrets
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from service import check
from service.batch import command as batch
from service.batch.partial_output import OutputError
from service.batch.tables import InputError
from service.batch.workers import WorkerLostError
from service.bench import command as bench
from service.bench.process import BenchError
from service.model import artifact
from service.model.artifact import ArtifactError
from service.settings import KEY_NAME, SettingsError

EXAMPLE_ROWS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0, or a sysexits code, with one line on stderr."""
    parser = argparse.ArgumentParser(prog="python -m service", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("example", help="print a curl line with rows of the model")
    command.add_argument("artifact", type=Path, metavar="ARTIFACT", help="folder of a packed model")
    command.add_argument(
        "--url", default="http://127.0.0.1:8080", help="where it is served (%(default)s)"
    )
    command = commands.add_parser("key", help="make a new API key, and the digest to configure")
    command.add_argument(
        "name", nargs="?", type=key_name, metavar="NAME", help="name of the client, for the log"
    )
    bench.add_arguments(
        commands.add_parser("bench", help="measure how much one worker does with a model")
    )
    command = commands.add_parser("check", help="verify and describe an artifact")
    command.add_argument("artifact", metavar="ARTIFACT", help="folder of a packed model, or s3://")
    batch.add_arguments(
        commands.add_parser("predict", help="score a file of rows with a packed model")
    )
    options = parser.parse_args(arguments)
    if options.command == "key":
        print(new_key(options.name))
        return 0
    try:
        if options.command == "bench":
            bench.run(options)
        elif options.command == "predict":
            # Standard output may be the file.
            print(batch.run(options), file=sys.stderr if options.output == "-" else sys.stdout)
        elif options.command == "check":
            print(check.report(options.artifact))
        else:
            print(example(options.artifact, options.url))
    except (
        ArtifactError,
        BenchError,
        InputError,
        WorkerLostError,
        OutputError,
        SettingsError,
    ) as error:
        print(f"slipway: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        again = "; run the command again to resume" if options.command == "predict" else ""
        print(f"slipway: interrupted{again}", file=sys.stderr)
        return 130
    return 0


def key_name(text: str) -> str:
    """Check the name of a key; ArgumentTypeError if it is not allowed."""
    if not re.fullmatch(KEY_NAME, text):
        raise argparse.ArgumentTypeError("a name has up to 64 letters, digits, '.', '_' and '-'")
    return text


def new_key(name: str | None = None) -> str:
    """A key of 256 random bits for a client, and its digest for SERVICE_API_KEYS."""
    key = secrets.token_urlsafe(32)
    digest = hashlib.sha256(key.encode()).hexdigest()
    digest = f"{name}:{digest}" if name else digest
    return f"key, for the client:               {key}\ndigest, for SERVICE_API_KEYS:      {digest}"


def example(folder: Path, url: str) -> str:
    """A curl line that sends the first golden rows of an artifact."""
    golden = artifact.read_manifest(folder).golden
    payload = {name: values[:EXAMPLE_ROWS] for name, values in golden.inputs.items()}
    content = shlex.quote(json.dumps(payload))
    return f"curl {shlex.quote(url)}/predict -H 'Content-Type: application/json' -d {content}"


if __name__ == "__main__":
    sys.exit(main())
