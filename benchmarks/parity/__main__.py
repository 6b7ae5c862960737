"""`make parity`: send the same requests to MLflow, MLServer and this service, print a table.

It ends with 1 if an answer differs and docs/clients.md does not say so.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import joblib

from benchmarks import environments, rounds
from benchmarks.models import Made, pack
from benchmarks.parity import cases, compare
from benchmarks.parity.cases import Case
from benchmarks.parity.compare import DIFFERS, Answer, Compared
from benchmarks.roster import PEERS, ROOT, SLIPWAY, Peer
from benchmarks.rounds import Contest, contest
from service.bench.process import HOST, BenchError, ask, free_port, started

WORK = ROOT / "benchmarks/.work/parity"
OURS = replace(SLIPWAY, command=f"{sys.executable} -m gunicorn --bind 127.0.0.1:{{port}}")
SERVERS = (
    (PEERS["mlflow"], {"SERVICE_PROTOCOLS": "mlflow"}, cases.MLFLOW),
    (
        PEERS["mlserver"],
        {"SERVICE_PROTOCOLS": "oip", "SERVICE_OIP_OUTPUTS": "predict"},
        cases.MLSERVER,
    ),
)


def main() -> int:
    """Compare, print, and return 1 if something differs that is not documented."""
    made = make(WORK)
    if fault := pack(made, rounds.artifact("auto", WORK), "auto"):
        raise BenchError(fault)
    page, failed = (ROOT / "docs/clients.md").read_text(), False
    for peer, settings, requests in SERVERS:
        print(f"starting {peer.name}", file=sys.stderr, flush=True)
        found = compared(peer, settings, requests, made)
        print(f"{compare.table(peer.title, found)}\n", flush=True)
        for row in compare.undocumented(found, page):
            failed = True
            print(f"{peer.name}: {row.case.name} differs, undocumented", file=sys.stderr)
        counts = {
            kind: sum(row.outcome == kind for row in found)
            for kind in (compare.SAME, compare.COMPATIBLE, DIFFERS)
        }
        print(f"{peer.title}: {counts}\n", flush=True)
    return int(failed)


def make(folder: Path) -> Made:
    """Fit the model and save it with its sample."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, target = cases.rows()
    estimator = cases.build().fit(rows, target)
    file, sample = folder / "model.joblib", folder / "sample.csv"
    joblib.dump(estimator, file)
    rows.to_csv(sample, index=False)
    return Made(cases.MODEL, file, sample, rows, [])


def compared(
    peer: Peer, settings: dict[str, str], requests: tuple[Case, ...], made: Made
) -> list[Compared]:
    """The answers of a peer and of this service with these settings, compared."""
    theirs = contest(peer, made, environments.prepare(peer), WORK)
    ours = contest(OURS, made, Path(sys.prefix), WORK)
    first = head(peer.path, requests[0])
    with (
        serving(theirs, first, {}) as their_port,
        serving(ours, first, settings) as our_port,
    ):
        return [
            compare.compared(
                case,
                Answer(*ask((HOST, their_port), head(peer.path, case))),
                Answer(*ask((HOST, our_port), head(peer.path, case))),
                peer.read,
            )
            for case in requests
        ]


@contextmanager
def serving(one: Contest, first: bytes, settings: dict[str, str]) -> Iterator[int]:
    """The port of a server during the block, once it has answered the first request."""
    port = free_port()
    with started(
        one.peer.command.format(bin=one.venv / "bin", port=port, workers=1).split(),
        (HOST, port),
        first,
        environment={**rounds.environment(one, port, 1), **settings},
        folder=ROOT if one.peer.at_home else one.folder,
        log=one.folder / "log",
    ):
        yield port


def head(path: str, case: Case) -> bytes:
    """The bytes of a request on a connection of its own."""
    lines = (
        f"POST {path} HTTP/1.1",
        f"Host: {HOST}",
        f"Content-Type: {case.kind}",
        f"Content-Length: {len(case.body)}",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode() + case.body


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (BenchError, environments.UninstallableError) as error:
        print(f"parity: {error}", file=sys.stderr)
        sys.exit(69)
