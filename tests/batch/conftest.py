"""Files to score, and what became of them."""

import csv
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service.__main__ import main
from tests.support import buckets

HEADER = "sensor_1,sensor_2\n"
GOOD = "1,1\n2.0,-1\n3,0\n"
GOOD_COLUMNS = {"sensor_1": [1.0, 2.0, 3.0], "sensor_2": [1.0, -1.0, 0.0]}
CLASSES = ["0.0", "1.0", "1.0"]  # the published example's
BUCKET = "rows"
FOLDER = f"s3://{BUCKET}/files/"

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Score a file of this content to out.csv: the exit code and what was printed."""

    def score(content: str | bytes, *options: str) -> tuple[int, str]:
        source = tmp_path / "in.csv"
        if not source.exists() or source.read_bytes() != as_bytes(content):
            source.write_bytes(as_bytes(content))
        code = main(["predict", str(artifact), str(source), str(tmp_path / "out.csv"), *options])
        printed = capsys.readouterr()
        if code:
            assert printed.out == ""
            assert printed.err.count("\n") == 1
            assert printed.err.startswith("slipway: ")
        return code, printed.out + printed.err

    return score


def as_bytes(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name.startswith("out.csv")}


@pytest.fixture
def score(artifact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Score columns as Parquet to a file of this name: the exit code and the output."""

    def run(columns: Any, output: str, *options: str) -> tuple[int, str]:
        source = tmp_path / "in.parquet"
        if not source.exists():
            content = columns if isinstance(columns, pa.Table) else pa.table(columns)
            pq.write_table(content, source)
        code = main(["predict", str(artifact), str(source), str(tmp_path / output), *options])
        printed = capsys.readouterr()
        assert (printed.out + printed.err).count("\n") == 1
        return code, printed.out + printed.err

    return run


def answered(path: Path) -> list[str]:
    return [str(value) for value in pq.read_table(path)["class"].to_pylist()]


@pytest.fixture
def store(
    s3: str, boto: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """What S3 has in the bucket, by key; the rows to score are there."""
    for name, value in buckets.credentials(s3).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", boto)
    (tmp_path / "disk").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "disk"))
    with closing(buckets.client(s3)) as client:
        client.create_bucket(Bucket=BUCKET)
        client.put_object(Bucket=BUCKET, Key="files/in.csv", Body=(HEADER + GOOD).encode())
        client.put_object(Bucket=BUCKET, Key="files/bad.csv", Body=f"{HEADER}x,1\n{GOOD}".encode())
        client.put_object(Bucket=BUCKET, Key="others/in.csv", Body=(HEADER + GOOD).encode())
        yield Objects(client)
        for key in Objects(client):
            client.delete_object(Bucket=BUCKET, Key=key)
        client.delete_bucket(Bucket=BUCKET)
    assert list((tmp_path / "disk").iterdir()) == []


class Objects(dict[str, str]):
    """Reads each time what is there."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __iter__(self) -> Iterator[str]:
        found = self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return iter([one["Key"] for one in found])

    def __contains__(self, key: object) -> bool:
        return key in list(self)

    def __getitem__(self, key: str) -> str:
        found = self.client.get_object(Bucket=BUCKET, Key=key)
        return str(found["Body"].read().decode())


def classes(text: str) -> list[str]:
    return [line.rpartition(",")[2] for line in text.splitlines()[1:]]
