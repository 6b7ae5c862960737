"""Run the fuzzer: `python -m tests.fuzz --minutes 10`; it ends with 1 if it found something."""

import argparse
import contextlib
import hashlib
import os
import pickletools
import signal
import sys
import time
import warnings

from tests.fuzz.loader import default, loader

LARGEST_KEPT = 2_000


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--executions", type=int, default=10**12, help="stop after so many")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same again")
    parser.add_argument("--loader", default=default(), help="the module that has `load`")
    parser.add_argument(
        "--few", action="store_true", help="start from few models: it starts faster"
    )
    parser.add_argument("--show", type=int, help="print one program of a seed; nothing is run")
    parser.add_argument(
        "--keep", action="store_true", help="add to the corpus what reached new lines"
    )
    return parser.parse_args()


def main() -> int:
    """Run a campaign and print its report."""
    asked = arguments()
    warnings.simplefilter("ignore")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"  # a process with threads cannot be forked safely
    from tests.fuzz.campaign import Campaign  # it imports NumPy, which reads them

    print(f"seed {asked.seed}, loader {asked.loader}", flush=True)
    campaign = Campaign(loader(asked.loader), asked.seed, asked.few)
    if asked.show is not None:
        pickletools.dis(campaign.source.program(asked.show))
        return 0
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells ignore it in the background
    with contextlib.suppress(KeyboardInterrupt):
        print("running", flush=True)
        campaign.run(asked.minutes * 60, asked.executions)
    campaign.report.print(campaign.shared, campaign.loader.modules)
    if asked.keep:
        for place in campaign.report.reached:
            keep(campaign.source.program(place))
    return 1 if campaign.report.findings else 0


def keep(content: bytes) -> None:
    """Add a program to the corpus: it was loaded without an effect."""
    from tests.fuzz.seeds import CORPUS, seed

    with contextlib.suppress(Exception):  # what the loader refuses cannot be a seed
        seed(content)
        if len(content) > LARGEST_KEPT:
            return
        CORPUS.mkdir(exist_ok=True)
        name = hashlib.sha256(content).hexdigest()[:12]
        (CORPUS / f"{name}.pickle").write_bytes(content)


if __name__ == "__main__":
    sys.exit(main())
