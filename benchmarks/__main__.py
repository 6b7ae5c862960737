"""`make bench`: run this service and its peers, write results.md and results.svg."""

import argparse
import os
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from benchmarks import environments, plot, results, rounds
from benchmarks.environments import UninstallableError
from benchmarks.figures import Case, Figures
from benchmarks.models import MODELS, Model, make, pack
from benchmarks.results import Run
from benchmarks.roster import PEERS, ROOT
from benchmarks.rounds import Contest
from service.bench.process import BenchError

WORK = ROOT / "benchmarks/.work"
ROWS = (1, 3, 1_000, 10_000)
PLOTTED_ROWS = 3
START_SECONDS, OVERHEAD_SECONDS = 5, 1  # estimates for --plan: start of a peer, overhead of a load


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks. If a peer fails, the page has the reason, and the run continues."""
    options = _parser().parse_args(arguments)
    run = Run(
        peers=[PEERS[name] for name in options.peers],
        models=[MODELS[name] for name in options.models],
        rows=options.rows,
        seconds=options.seconds,
        rounds=options.rounds,
        busy=os.getloadavg()[0],
    )
    if options.plan:
        print(plan(run))
        return 0
    figures = Figures()
    contests = _prepare(run, figures)
    for done in range(1, run.rounds + 1):
        for place, model in enumerate(run.models):
            for one in contests:
                if one.made.model == model:
                    print(
                        f"round {done} of {run.rounds}: {model.name}, {one.peer.name}", flush=True
                    )
                    rounds.measure(one, run.rows, run.seconds, figures, further=place == 0)
        _write(run, figures, done, options.out)
    print(f"wrote {options.out / 'results.md'}")
    return 0


def plan(run: Run) -> str:
    """The peers, models and loads of a run, and its estimated duration."""
    starts = len(run.peers) * (len(run.models) + 1) * run.rounds
    loads = len(run.peers) * len(run.models) * len(run.rows) * run.rounds
    lines = [f"{model.name}: {', '.join(peer.name for peer in run.peers)}" for model in run.models]
    minutes = (starts * START_SECONDS + loads * (run.seconds + OVERHEAD_SECONDS)) / 60
    return "\n".join([*lines, f"{loads} loads, about {minutes:.0f} minutes"])


def _prepare(run: Run, figures: Figures) -> list[Contest]:
    """Make environments, models and artifacts. If one fails, record the reason for the page."""
    contests = []
    venvs = {}
    for peer in run.peers:
        print(f"installing {peer.name}", flush=True)
        try:
            venvs[peer.name] = environments.prepare(peer)
            figures.size_mb[peer.name] = environments.megabytes(venvs[peer.name])
        except UninstallableError as error:
            for model in run.models:
                _note(figures, peer.name, model, run.rows, str(error))
    for model in run.models:
        folder = WORK / model.name
        made = make(model, folder)
        unpacked = {
            engine: pack(made, rounds.artifact(engine, folder), engine)
            for engine in {peer.engine for peer in run.peers if peer.requirements}
        }
        for peer in run.peers:
            if peer.name not in venvs:
                continue
            try:
                if peer.requirements and unpacked[peer.engine]:
                    raise BenchError(unpacked[peer.engine])
                contests.append(rounds.contest(peer, made, venvs[peer.name], folder))
            except BenchError as error:
                _note(figures, peer.name, model, run.rows, str(error))
    return contests


def _note(figures: Figures, peer: str, model: Model, rows: Collection[int], why: str) -> None:
    print(f"{peer} with {model.name}: {why}", file=sys.stderr)
    for number in rows:
        figures.cannot[Case(peer, model.name, number)] = why


def _write(run: Run, figures: Figures, done: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = PLOTTED_ROWS if PLOTTED_ROWS in run.rows else run.rows[0]
    plot.draw(folder / "results.svg", run.peers, run.models, rows, figures)
    (folder / "results.md").write_text(results.page(run, figures, done, "results.svg"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    for name, known in (("--peers", PEERS), ("--models", MODELS)):
        parser.add_argument(
            name,
            type=_names(known),
            default=list(known),
            metavar="NAME,…",
            help=f"of {', '.join(known)} (all)",
        )
    parser.add_argument("--rows", type=_counts, default=ROWS, metavar="N,…", help="in a request")
    parser.add_argument("--seconds", type=positive, default=2.0, metavar="N", help="of each load")
    parser.add_argument("--rounds", type=count, default=5, metavar="N", help="of all peers")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "benchmarks", metavar="DIR", help="for the results"
    )
    parser.add_argument("--plan", action="store_true", help="only print what would be run")
    return parser


def _names(known: Collection[str]) -> Callable[[str], list[str]]:
    def names(text: str) -> list[str]:
        found = list(dict.fromkeys(text.split(",")))
        if unknown := set(found) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not of {', '.join(known)}")
        return found

    return names


def positive(text: str) -> float:
    """Parse a number greater than 0."""
    if not 0 < float(text) < 1e6:
        raise ValueError(text)
    return float(text)


def count(text: str) -> int:
    """Parse a whole number greater than 0."""
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


def _counts(text: str) -> list[int]:
    return sorted({count(word) for word in text.split(",")})


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
