"""docs/your-own-model.md, trust.md and report.md, done as a stranger does, in a fresh checkout."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support import containers, own_code
from tests.support.containers import docker, output, require_engine, unique
from tests.support.serving import ROOT, free_port, wait_until
from tests.support.stranger import ask, commands, foreground, run, script

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs/your-own-model.md").read_text()
TRUST = (ROOT / "docs/trust.md").read_text()
PACK, SERVE, CURL, BUILD_LEAN, INIT, PACK_LEARNED, BUILD, BUILD_OLD, *PACKER, DIFF = commands(PAGE)
BUILD_PACKER, RUN_PACKER = PACKER
INSPECT, PACK_MODULE, PACK_CLASS, SERVE_OWN = commands(TRUST)
REPORT = (ROOT / "docs/report.md").read_text()


@pytest.fixture(scope="module")
def said(checkout: Path) -> str:
    """The output of `pack` for the model of the page."""
    run(checkout, "make .venv/serving")
    (checkout / "fails.py").write_text(script(PAGE))
    run(checkout, ".venv/bin/python fails.py")
    return run(checkout, PACK)


def test_pack_prints_the_output_of_the_page(said: str) -> None:
    assert said.split("\n\n")[1:3] == PAGE.split("```\n  input")[1].split("```")[0].join(
        ["  input", ""]
    ).rstrip().split("\n\n")


def test_pack_leaves_the_report_that_the_pages_promise(checkout: Path, said: str) -> None:
    assert commands(REPORT) == [PACK]
    assert "report:    artifacts/fails/report/index.html" in said.splitlines()
    page = (checkout / "artifacts/fails/report/index.html").read_text()
    for measure in ("accuracy", "balanced accuracy", "ROC AUC", "average precision", "log loss"):
        assert f'<th scope="row">{measure}<' in page


def test_pack_prints_the_engine(said: str) -> None:
    numbers = re.compile(r"\d+ times|\d+ rows")
    [line] = [line for line in PAGE.splitlines() if line.startswith("  engine  ")]
    assert numbers.sub("", line) in numbers.sub("", said).splitlines()


def test_the_page_s_model_is_served(checkout: Path, said: str) -> None:
    port = free_port()
    with foreground(checkout, SERVE, port, os.killpg):
        answer = json.loads(ask(CURL, port))
    assert answer["labels"] == ["no", "yes"]
    [probabilities] = answer["probabilities"]
    assert sum(probabilities) == pytest.approx(1.0)
    assert answer["fails"] == [answer["labels"][probabilities.index(max(probabilities))]]


def test_the_page_s_files_of_an_image_are_written(checkout: Path, said: str) -> None:
    assert "docker compose --file artifacts/compose.yaml up" in run(checkout, INIT)
    assert "FROM slipway\n" in (checkout / "artifacts/Dockerfile").read_text()


@pytest.mark.container
@pytest.mark.parametrize("commands", [[BUILD_LEAN], [PACK_LEARNED, BUILD]], ids=["lean", "pandas"])
def test_the_page_s_images_serve_it(checkout: Path, said: str, commands: list[str]) -> None:
    require_engine()
    tag, port, name = unique(), free_port(), unique()
    try:
        for command in commands:
            run(checkout, command.replace("--tag fails", f"--tag {tag}"))
        published = f"--publish=127.0.0.1:{port}:8080"
        output(docker("run", "--detach", "--name", name, published, tag))
        wait_until(lambda: containers.execute(name, *containers.PROBE).returncode == 0, "an answer")
        assert json.loads(ask(CURL, port))["labels"] == ["no", "yes"]
    finally:
        docker("rm", "--force", name)
        docker("image", "rm", tag)


@pytest.mark.container
def test_the_image_of_an_old_release_is_built_with_arguments_of_the_dockerfile() -> None:
    """tests/test_container_locked.py builds one, of the only Python that is sure to be there."""
    declared = re.findall(r"^ARG (\w+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert set(re.findall(r"--build-arg (\w+)=", BUILD_OLD)) <= set(declared)


def test_the_page_on_trust_packs_and_serves_code_of_ones_own(checkout: Path) -> None:
    run(checkout, "make .venv/serving")
    (checkout / "train.py").write_text(own_code.SCRIPT)
    run(checkout, ".venv/bin/python train.py")
    assert "to serve it, set SERVICE_TRUSTED_CODE=sha256:" in run(
        checkout, PACK_CLASS.replace("rows.csv", "rows.csv --ignore y")
    )
    (checkout / "src/mymodule").mkdir(parents=True)
    (checkout / "src/mymodule/__init__.py").write_text(own_code.SCRIPT)
    (checkout / "fit.py").write_text(
        "import sys; sys.path.insert(0, 'src')\n"
        "import joblib, mymodule\n"
        "Ratio = mymodule.Ratio\n"
        "joblib.dump(joblib.load('model.joblib'), 'model.joblib')\n"
    )
    run(checkout, ".venv/bin/python fit.py")
    said = run(checkout, PACK_MODULE.replace("rows.csv", "rows.csv --ignore y"))
    [digest] = {*re.findall(r"SERVICE_TRUSTED_CODE=(sha256:\w{64})", said)}
    port = free_port()
    command = f"{re.sub('sha256:[^ ]+', digest, SERVE_OWN)} --port {port}"
    with foreground(checkout, command, port, os.killpg) as server:
        answer = json.loads(server.predict('{"one": [1, -1], "other": [0.5, 0.5]}').body)
    assert answer == {"prediction": [1, 0]}


@pytest.mark.container
def test_the_page_s_image_packs_it(checkout: Path, said: str) -> None:
    require_engine()
    tag = unique()
    try:
        run(checkout, BUILD_PACKER.replace("--tag slipway-pack", f"--tag {tag}"))
        assert "fails" in run(
            checkout,
            RUN_PACKER.replace(" slipway-pack ", f" {tag} ").replace("$PWD", str(checkout)),
        )
    finally:
        docker("image", "rm", tag)


def test_the_error_of_an_image_without_pandas_names_it(
    checkout: Path, said: str, image: str
) -> None:
    run(checkout, PACK_LEARNED)
    volume = f"--volume={checkout}/artifacts/learned:{containers.MODEL}:ro"
    ended = containers.run(image, flags=(volume,))
    assert ended.returncode == 65
    assert "needs pandas 3" in ended.stderr
    assert "pip install pandas" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_two_engines_of_one_model_differ_in_nothing(checkout: Path, said: str) -> None:
    run(checkout, PACK_LEARNED)
    answer = run(checkout, DIFF)
    assert "Contract:\n  the same\n" in answer
    assert re.search(r"rows of docs/example/machines.csv: 0 of \d+ differ in fails; ", answer)


def test_inspect_lists_what_the_page_promises(checkout: Path) -> None:
    run(checkout, "make train")
    assert "trusted  sklearn.linear_model._logistic.LogisticRegression" in run(checkout, INSPECT)


def test_the_example_s_page_makes_its_table_byte_for_byte(checkout: Path, tmp_path: Path) -> None:
    folder = ROOT / "docs/example"
    run(checkout, "make .venv/serving")
    code = script((folder / "README.md").read_text())
    python = checkout / ".venv/bin/python"
    subprocess.run([python, "-c", code], cwd=tmp_path, check=True)
    assert (tmp_path / "machines.csv").read_bytes() == (folder / "machines.csv").read_bytes()
