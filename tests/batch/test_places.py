"""Files on S3 are scored like others, in a task that may do no more than it must."""

import json
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ecs.template import load, resolve
from service.__main__ import main
from tests.batch.conftest import BUCKET, CLASSES, FOLDER, GOOD, HEADER, classes
from tests.batch.test_formats import packed, unpacked
from tests.support import buckets
from tests.support.resolved import IMAGE

TASK = {"ImageUri": IMAGE, "VpcId": "vpc-1", "FilesUri": FOLDER}


def test_a_file_on_s3_is_scored_to_s3(
    artifact: Path, store: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(artifact), f"{FOLDER}bad.csv", f"{FOLDER}new/out.csv"]
    assert main(["predict", *arguments, "--on-error", "skip"]) == 0
    assert classes(store["files/new/out.csv"]) == CLASSES
    assert store["files/new/out.csv.bad.csv"].splitlines()[1].startswith('2,"sensor_1 is')
    printed = capsys.readouterr().out
    assert f"3 of 4 rows scored to {FOLDER}new/out.csv in" in printed
    assert printed.endswith(f"rejected to {FOLDER}new/out.csv.bad.csv\n")
    assert main(["predict", str(artifact), f"{FOLDER}in.csv", f"{FOLDER}new/out.csv"]) == 0
    assert "files/new/out.csv.bad.csv" not in store  # of the run before


def test_either_may_be_on_this_disk(artifact: Path, store: dict[str, str], tmp_path: Path) -> None:
    here = tmp_path / "here.csv"
    assert main(["predict", str(artifact), f"{FOLDER}in.csv", str(here)]) == 0
    assert classes(here.read_text()) == CLASSES
    assert main(["predict", str(artifact), str(here), f"{FOLDER}out.csv", "--only"]) == 0
    assert classes(store["files/out.csv"]) == CLASSES


@pytest.mark.parametrize("ending", [".csv.gz", ".csv.zst"])
def test_files_on_s3_may_be_compressed(
    artifact: Path, store: dict[str, str], s3: str, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    bad = f"{HEADER}x,1\n{GOOD}".encode()
    source, output = f"in{ending}", f"out{ending}"
    with closing(buckets.client(s3)) as client:
        client.put_object(Bucket=BUCKET, Key=f"files/{source}", Body=packed(bad, ending))
        arguments = [str(artifact), f"{FOLDER}{source}", f"{FOLDER}{output}"]
        assert main(["predict", *arguments]) == 65
        assert f"{FOLDER}{source}, line 2: sensor_1" in capsys.readouterr().err
        assert f"files/{output}" not in store
        assert main(["predict", *arguments, "--on-error", "skip"]) == 0
        body = client.get_object(Bucket=BUCKET, Key=f"files/{output}")["Body"].read()
    assert classes(unpacked(body, ending).decode()) == CLASSES
    assert store[f"files/{output}.bad.csv"].splitlines()[1].startswith('2,"sensor_1 is')
    assert f"3 of 4 rows scored to {FOLDER}{output} in" in capsys.readouterr().out


WRONG = {
    "nothing there": (66, f"{FOLDER}none.csv", f"{FOLDER}out.csv", f"{FOLDER}none.csv: does not"),
    "a folder": (65, FOLDER, f"{FOLDER}out.csv", f"{FOLDER}: is not a file"),
    "no bucket": (73, f"{FOLDER}in.csv", "s3://nowhere/out.csv", "s3://nowhere/out.csv: "),
    "the same": (73, f"{FOLDER}in.csv", f"{FOLDER}in.csv", f"{FOLDER}in.csv: is also the input"),
    "a bad row": (65, f"{FOLDER}bad.csv", f"{FOLDER}out.csv", f"{FOLDER}bad.csv, line 2: sensor_1"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_reported_with_the_place(
    artifact: Path, store: dict[str, str], capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    code, source, output, hint = WRONG[wrong]
    assert main(["predict", str(artifact), source, output]) == code
    printed = capsys.readouterr().err
    assert printed.startswith(f"slipway: {hint}")
    assert printed.count("\n") == 1
    assert "files/out.csv" not in store


def test_the_error_without_boto3_names_what_to_install(
    artifact: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert main(["predict", str(artifact), f"{FOLDER}in.csv", f"{FOLDER}out.csv"]) == 69
    assert "pip install boto3" in capsys.readouterr().err


def test_the_task_s_role_is_enough_and_no_more(
    artifact: Path,
    store: dict[str, str],
    s3: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    resources = resolve(load("files.yaml"), TASK)["Resources"]
    [policy] = resources["TaskRole"]["Properties"]["Policies"]
    key = buckets.user(s3, json.dumps(policy["PolicyDocument"]))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key[1])
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    with buckets.permissions(s3):
        arguments = ["predict", str(artifact), f"{FOLDER}bad.csv", f"{FOLDER}out.csv"]
        assert main([*arguments, "--on-error", "skip"]) == 0
        assert main(["predict", str(artifact), f"{FOLDER}in.csv", f"{FOLDER}out.csv"]) == 0
        others = f"s3://{BUCKET}/others/"
        assert main(["predict", str(artifact), f"{others}in.csv", f"{FOLDER}out.csv"]) == 65
        assert "allow the task's role s3:GetObject there" in capsys.readouterr().err
        assert main(["predict", str(artifact), f"{FOLDER}in.csv", f"{others}out.csv"]) == 73
        assert "allow the task's role s3:" in capsys.readouterr().err
    assert [key for key in store if key.startswith("others/")] == ["others/in.csv"]
