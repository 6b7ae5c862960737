"""`python -m training fit`: the command line of the training half."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from service.model.artifact import ArtifactError
from service.model.manifest import Manifest
from training import data


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0, or the sysexits code of what went wrong, told in one line on stderr."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser(
        "fit", help="train the sensor model, evaluate it, and pack it if it is good enough"
    )
    command.add_argument(
        "--data", type=Path, default=data.DEFAULT, metavar="CSV", help="readings (%(default)s)"
    )
    command.add_argument(
        "--out",
        type=Path,
        default=Path("artifacts/model"),
        metavar="DIR",
        help="where to put the artifact (%(default)s)",
    )
    options = parser.parse_args(arguments)

    from training.evaluate import GateError  # imports scikit-learn, which --help can do without
    from training.fit import fit

    try:
        manifest = fit(options.data, options.out)
    except (data.DataError, GateError, ArtifactError) as error:
        print(f"training: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(
            f"training: {options.out}: cannot be written ({error}); choose another", file=sys.stderr
        )
        return 73  # EX_CANTCREAT of sysexits
    print(summary(manifest, options.out))
    return 0


def summary(manifest: Manifest, folder: Path) -> str:
    """What was packed and how good it is, for people."""
    held_out = manifest.metrics["held_out"]
    folds = manifest.metrics["cross_validation"]
    lines = [
        f"{manifest.name} {manifest.version}, trained on {manifest.data['rows']} readings",
        f"  balanced accuracy  {held_out['balanced_accuracy']:.3f} on held-out readings",
        f"                     {folds['balanced_accuracy_mean']:.3f} ± "
        f"{folds['balanced_accuracy_std']:.3f} in {folds['folds']} folds",
        f"  accuracy           {held_out['accuracy']:.3f}; always saying the commoner class: "
        f"{held_out['accuracy_of_the_majority_class']:.3f}",
        f"  packed in          {folder}",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
