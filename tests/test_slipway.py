"""The `slipway` command: what it lists, what it imports, and from a model file to a service."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from service.model.predictor import Predictor
from slipway.command import COMMANDS, commands, installation_advice, main
from tests.support.own_code import forgotten, saved
from tests.support.serving import ROOT, Server, clean_environment, free_port, wait_until

HEAVY = {"flask", "numpy", "sklearn", "onnxruntime", "boto3", "gunicorn", "pandas", "yaml"}
ROWS = pd.DataFrame({"colour": ["red", "blue", "green", "red"]})
LABELS = ["warm", "cold", "cold", "warm"]


def slipway(*arguments: object, **settings: str) -> list[str]:
    return [sys.executable, "-m", "slipway", *map(str, arguments)]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    joblib.dump(
        make_pipeline(OneHotEncoder(), LogisticRegression()).fit(ROWS, LABELS),
        tmp_path / "colours.joblib",
    )
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path / "colours.joblib"


def test_help_lists_all_commands_and_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom slipway.command import main\ncode = main(['--help'])\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)\n"
        "sys.exit(code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    listed = [line.split()[0] for line in ended.stdout.split("Commands:\n")[1].splitlines()]
    assert listed == [*COMMANDS]
    assert not HEAVY & set(ended.stderr.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_each_command_has_an_example(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([name, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"Usage: slipway {name} ")
    [example, *_] = [line.split() for line in said.splitlines() if line.startswith("    slipway")]
    assert example[1] == name
    command = commands.get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    with pytest.MonkeyPatch.context() as patch:  # its options are those that the command has
        patch.setattr(command, "invoke", lambda context: None)
        assert command.main(example[2:], standalone_mode=False) is None


def test_the_version_is_the_service_s(capsys: pytest.CaptureFixture[str]) -> None:
    from service import __version__

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"slipway, version {__version__}\n"


def test_an_unknown_command_or_option_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["nothing"], ["check"], ["check", "artifacts/model", "--colour"]):
        assert main(arguments) == 2
        assert "Usage: slipway" in capsys.readouterr().err


def test_a_model_file_is_packed_once_and_served(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = served(model, tmp_path)
    second = served(model, tmp_path)
    assert "packed with a sample of 4 rows" in first
    assert "was packed before" in second
    assert "serve it:" not in first + second  # it is served already


def answered(line: str, environment: Mapping[str, str]) -> str:
    """What the command that a line prints is answered."""

    def run(command: str) -> str:
        shell = ["sh", "-c", command]
        return subprocess.run(
            shell, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        ).stdout

    return run(run(line))


def served(model: Path, folder: Path) -> str:
    """Serve a model file by one command, send a prediction, and return what was printed."""
    port = free_port()
    log = folder / f"{port}.log"
    environment = clean_environment(XDG_CACHE_HOME=str(folder / "cache"))
    with log.open("wb") as file:
        process = subprocess.Popen(
            slipway("serve", model, "--sample", folder / "rows.csv", "--port", port),
            cwd=folder,
            env={**environment, "PYTHONPATH": str(ROOT)},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    server = Server(process, port, log)
    try:
        wait_until(lambda: "ASGI server listening" in log.read_text(), "the service", seconds=120)
        answer = server.predict(json.dumps({"colour": ["red", "blue"]}))
        assert json.loads(answer.body)["prediction"] == ["warm", "cold"]
        [line] = re.findall(r"^try it: +(.*)$", log.read_text(), re.MULTILINE)
        assert len(json.loads(answered(line, environment))["prediction"]) > 0
    finally:
        process.terminate()
        assert process.wait(30) == 0, log.read_text()
    return log.read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["MLFLOW"], 2, "to pack a model, name rows that it takes with --sample"),
        (["MODEL"], 2, "name rows that it takes with --sample"),
        (["MODEL", "MODEL"], 2, "name rows that it takes with --sample"),
        (["FOLDER", "--sample", "rows.csv"], 2, "is no model file; --sample is for one"),
        (["MODEL", "--sample", "nowhere.csv"], 66, "nowhere.csv: cannot be read"),
        (["MODEL", "--sample", "MODEL"], 65, "colours.joblib"),
        (["MODEL", "--sample", "ROWS", "--port", "0"], 2, "0 is not in the range"),
    ],
)
def test_what_serve_refuses(
    model: Path,
    arguments: list[str],
    code: int,
    complaint: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(model.parent / "cache"))
    monkeypatch.setattr(os, "execve", lambda *given: pytest.fail("it serves"))
    (model.parent / "mlflow").mkdir()
    (model.parent / "mlflow/MLmodel").touch()
    words = {
        "MODEL": model,
        "MLFLOW": model.parent / "mlflow",
        "FOLDER": model.parent,
        "ROWS": model.parent / "rows.csv",
    }
    assert main(["serve", *(str(words.get(one, one)) for one in arguments)]) == code
    assert complaint in capsys.readouterr().err


def served_place(arguments: Sequence[object], folder: Path) -> Path:
    """What `slipway serve` hands over to gunicorn."""
    ran: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setattr(os, "execve", lambda *given: ran.append(given))
        assert main(["serve", *map(str, arguments)]) == 0
    [(_, _, environment)] = ran
    return Path(environment["SERVICE_MODEL"])


def test_a_folder_of_mlflow_is_packed_and_served(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    model.rename(folder / "model.pkl")
    (folder / "MLmodel").write_text("flavors:\n  sklearn:\n    pickled_model: model.pkl\n")
    place = served_place([folder, "--sample", tmp_path / "rows.csv"], tmp_path)
    assert Predictor.load(place).manifest.name == "saved"


def test_a_model_in_two_files_is_packed_and_served(tmp_path: Path) -> None:
    texts, labels = ["a red one", "a blue one"] * 5, ["warm", "cold"] * 5
    vectorizer = CountVectorizer().fit(texts)
    joblib.dump(vectorizer, tmp_path / "words.joblib")
    classifier = LogisticRegression().fit(vectorizer.transform(texts), labels)
    joblib.dump(classifier, tmp_path / "classes.joblib")
    pd.DataFrame({"text": texts}).to_csv(tmp_path / "texts.csv", index=False)
    files = [tmp_path / "words.joblib", tmp_path / "classes.joblib"]
    place = served_place([*files, "--sample", tmp_path / "texts.csv"], tmp_path)
    answer = Predictor.load(place).predict({"text": np.array(["red", "blue"], dtype=object)})
    assert answer["prediction"] == ["warm", "cold"]


def test_a_change_of_the_model_or_of_its_code_is_packed_again(tmp_path: Path) -> None:
    saved(tmp_path)
    given = [tmp_path / "model.joblib", "--sample", tmp_path / "rows.csv"]
    code = ["--code", f"{tmp_path / 'readings.py'}:Ratio", "--target", "y"]
    first = served_place([*given, *code], tmp_path)
    assert served_place([*given, *code], tmp_path) == first
    script = tmp_path / "readings.py"
    script.write_text(script.read_text().replace("LEAST = 1e-3", "LEAST = 1.0"))
    with forgotten():
        assert served_place([*given, *code], tmp_path) != first


def test_settings_of_the_environment_stay(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_MAX_ROWS", "7")
    monkeypatch.setenv("SERVICE_METRICS_PORT", "9999")
    ran: list[Any] = []
    monkeypatch.setattr(os, "execve", lambda *given: ran.append(given))
    assert main(["serve", str(tmp_path), "--workers", "3", "--host", "0.0.0.0"]) == 0  # noqa: S104
    [(_, command, environment)] = ran
    assert command[-2:] == ["--bind=0.0.0.0:8080", "--bind=0.0.0.0:9999"]
    assert environment["SERVICE_MODEL"] == str(tmp_path)
    assert (environment["SERVICE_MAX_ROWS"], environment["WEB_CONCURRENCY"]) == ("7", "3")


def test_a_reader_that_has_seen_enough_is_no_error(artifact: Path) -> None:
    ended = subprocess.run(
        ["sh", "-c", '"$@" | true', "sh", *slipway("check", artifact)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ended.stderr == ""


def test_a_package_that_is_not_installed_is_reported_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "training.commands", None)
    monkeypatch.setitem(sys.modules, "training", None)
    assert main(["inspect", "model.joblib"]) == os.EX_UNAVAILABLE
    assert capsys.readouterr().err.startswith("slipway: inspect needs training")


@pytest.mark.parametrize(
    ("command", "module", "in_a_wheel", "in_a_checkout"),
    [
        ("pack", "yaml", "slipway-serving[pack]", "make .venv/serving"),
        ("verify", "yaml", "slipway-serving[deploy]", "make .venv/deploying"),
        ("deploy", "botocore", "slipway-serving[deploy]", "make .venv/deploying"),
        ("check", "boto3", "slipway-serving[s3]", "/requirements/s3.txt"),
        ("predict", "pyarrow", "slipway-serving[parquet]", "/requirements/parquet.txt"),
    ],
)
def test_what_to_install_is_the_extra_that_has_it(
    command: str,
    module: str,
    in_a_wheel: str,
    in_a_checkout: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    assert in_a_checkout in str(installation_advice(command, module))
    monkeypatch.setattr("slipway.command.CHECKOUT", tmp_path / "Makefile")
    assert str(installation_advice(command, module)).endswith(f"pip install '{in_a_wheel}'")
    extra = in_a_wheel.split("[")[1].rstrip("]")
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    packages = {"yaml": "pyyaml", "botocore": "boto3"}
    assert packages.get(module, module) in listed["optional-dependencies"][extra]


def test_each_line_that_pack_prints_for_a_model_with_own_code_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = saved(tmp_path)
    artifact = tmp_path / "its artifact"
    packing = ["pack", str(folder / "model.joblib"), "--sample", str(folder / "rows.csv")]
    packing += ["--code", f"{folder / 'readings.py'}:Ratio", "--target", "y", "--no-report"]
    with forgotten():
        assert main([*packing, "--out", str(artifact)]) == 0
    said = capsys.readouterr().out
    with forgotten():
        assert main(["inspect", str(artifact)]) == 0
    for printed in (said, capsys.readouterr().out):
        lines = dict(re.findall(r"^(serve it|try it): +(.*)$", printed, re.MULTILINE))
        assert lines["serve it"].startswith("SERVICE_TRUSTED_CODE=sha256:")
    port, log = free_port(), tmp_path / "log"
    environment = clean_environment()
    with log.open("wb") as file:
        process = subprocess.Popen(
            ["sh", "-c", f"exec env {lines['serve it']} --port {port}"],
            cwd=ROOT,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: "ASGI server listening" in log.read_text(), "the service", seconds=60)
        answer = answered(f"{lines['try it']} --url http://127.0.0.1:{port}", environment)
        assert len(json.loads(answer)["y"]) > 0
    finally:
        process.terminate()
        assert process.wait(30) == 0, log.read_text()
