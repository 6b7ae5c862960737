"""The servers: how to start each peer, how to send it rows, and how to read its predictions.

Each peer runs as its documentation describes, on one core with one worker. If that leaves a choice,
the roster has the faster option, and `note` names it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.rows import columns, records, rows_or_records, to_mlflow, to_mlserver

ROOT = Path(__file__).parent.parent
OWN = ("requirements.txt", "requirements/pandas.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A server. {bin} in its command is the `bin` folder of its environment.

    It runs in a copy of `benchmarks/peers/<name>`, after `prepare`; with `at_home`, in this
    repository. `send` makes the JSON of a request, `read` takes the predictions from the JSON of a
    response. `live` is the path of a GET request that is also measured. Peers with requirements of
    this service serve the artifact that was packed for `engine`.
    """

    name: str
    title: str
    command: str
    send: Callable[[pd.DataFrame], Any]
    read: Callable[[Any], Any]
    path: str = "/predict"
    prepare: str = ""
    note: str = ""
    at_home: bool = False
    live: str = ""
    requirements: tuple[str, ...] = ()
    package: str = ""  # whose version is its own, if it is not called `name`
    engine: str = "auto"

    def locks(self) -> tuple[Path, ...]:
        """The files with the requirements of its environment."""
        own = self.requirements or (f"benchmarks/peers/{self.name}/requirements.txt",)
        return tuple(ROOT / file for file in own)

    def body(self, table: pd.DataFrame) -> bytes:
        """The body of a request with these rows."""
        return json.dumps(self.send(table)).encode()


def first(answer: Any) -> Any:
    """The only value of a JSON object."""
    return next(iter(answer.values()))


def predict_tensor(answer: Any) -> Any:
    """MLServer's one output of a request that names none: the tensor called predict."""
    [data] = [one["data"] for one in answer["outputs"] if one["name"] == "predict"]
    return data


SLIPWAY = Peer(
    name="slipway",
    title="this service",
    command="{bin}/python -m gunicorn --bind 127.0.0.1:{port}",
    send=columns,
    read=first,
    note="its own configuration, but requests may wait as long as a peer's (SERVICE_QUEUE_SECONDS)",
    at_home=True,
    live="/health/live",
    requirements=OWN,
)
PEERS = {
    peer.name: peer
    for peer in (
        SLIPWAY,
        replace(
            SLIPWAY,
            name="sklearn",
            title="this service, by scikit-learn",
            note="the same, with the model packed by `--engine sklearn`",
            live="",
            engine="sklearn",
        ),
        Peer(
            name="limit",
            title="the limit: a bare callable on uvicorn, same engine",
            command="{bin}/uvicorn app:app --port {port} --workers {workers} --no-access-log"
            " --loop uvloop --http httptools",
            send=columns,
            read=first,
            requirements=(*OWN, "benchmarks/peers/limit/requirements.txt"),
            package="uvicorn",
        ),
        Peer(
            name="granian",
            title="FastAPI on granian, by hand, same engine",
            command="{bin}/granian --interface asgi --port {port} --workers {workers} --no-ws"
            " app:app",
            send=columns,
            read=first,
            note="msgspec, the model that Slipway converted, and no validation beyond the shape",
            requirements=(*OWN, "benchmarks/peers/granian/requirements.txt"),
        ),
        Peer(
            name="fastapi",
            title="FastAPI + uvicorn",
            command="{bin}/uvicorn app:app --port {port} --workers {workers} --no-access-log",
            send=columns,
            read=first,
            note="columns checked by pydantic, uvloop and httptools, predictions on the event loop",
        ),
        Peer(
            name="flask",
            title="Flask + marshmallow, naive",
            command="{bin}/gunicorn app:app --bind 127.0.0.1:{port} --workers {workers}"
            " --threads 4",
            send=columns,
            read=first,
            note="gunicorn with 4 threads; its default worker closes each connection",
        ),
        Peer(
            name="mlserver",
            title="MLServer",
            command="{bin}/mlserver start .",
            prepare="{bin}/python prepare.py",
            note="`mlserver start .`, the model in the server's own process (parallel_workers 0)",
            path="/v2/models/model/infer",
            send=to_mlserver,
            read=predict_tensor,
        ),
        Peer(
            name="mlflow",
            title="MLflow",
            command="{bin}/mlflow models serve --model-uri saved --env-manager local"
            " --port {port} --workers {workers}",
            prepare="{bin}/python prepare.py",
            path="/invocations",
            send=to_mlflow,
            read=first,
        ),
        Peer(
            name="bentoml",
            title="BentoML",
            command="{bin}/bentoml serve service:Model --host 127.0.0.1 --port {port}",
            send=lambda table: {"rows": rows_or_records(table)},
            read=lambda answer: answer,
        ),
        Peer(
            name="litserve",
            title="LitServe",
            command="{bin}/python server.py",
            send=lambda table: {"input": rows_or_records(table)},
            read=first,
        ),
        Peer(
            name="vetiver",
            title="vetiver",
            command="{bin}/uvicorn app:api --port {port} --workers {workers}",
            send=records,
            read=first,
        ),
    )
}
