"""The lean image: small, without scikit-learn, and serving what does not need it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import containers
from tests.support.containers import MODEL, docker, execute, inspect, output, run, serving
from tests.support.runtime_api import runtime_api
from tests.support.serving import ROOT
from training.sensor_example import data
from training.sensor_example.fit import fit

pytestmark = [pytest.mark.container, pytest.mark.slow]

ASK = """
import urllib.request as web
body = b'{"sensor_1": [1, 2.0, 3], "sensor_2": [1, -1, 0]}'
request = web.Request("http://127.0.0.1:8080/predict", body, {"Content-Type": "application/json"})
print(web.urlopen(request).read().decode())
"""


FUNCTION = ("python", "-m", "awslambdaric", "service.protocols.aws_lambda.handler.handler")


@pytest.fixture(scope="module")
def lean() -> Iterator[str]:
    """With what running on AWS Lambda needs, too."""
    containers.require_engine()
    extra = "--build-arg=REQUIREMENTS=requirements.txt requirements/lambda.txt"
    with containers.built(ROOT, "--build-arg=VARIANT=lean", extra) as name:
        yield name


def test_it_is_smaller_than_300_megabytes(lean: str) -> None:
    assert inspect("image", lean)["Size"] < 300e6


def test_it_has_nothing_of_what_it_leaves_out(lean: str) -> None:
    search = "find / -xdev ( -iname sklearn* -o -iname scikit* -o -iname scipy* -o -iname joblib* )"
    assert output(run(lean, *search.split(), flags=("--user=0",))) == ""


def test_it_serves_a_model_whose_engine_is_onnx(lean: str) -> None:
    with serving(lean, "--read-only", "--tmpfs=/tmp", "--memory=256m") as container:
        answer = json.loads(output(execute(container, "python", "-c", ASK)))
    assert answer == {"class": [0.0, 1.0, 1.0]}


def test_it_proves_its_model_without_the_estimator(lean: str) -> None:
    shown = json.loads(output(run(lean, "slipway", "prove", "--rows", "500", "--json")))
    states = {one["name"]: one["state"] for one in shown["proofs"]}
    assert states == {"golden rows": "ok", "engines": "not tried", "independence": "ok"}


def test_it_runs_on_lambda_as_a_function(lean: str) -> None:
    """As Lambda runs an image: its own command, another user, nothing to write but /tmp."""
    with runtime_api() as (address, runtime):
        name = containers.unique()
        flags = (
            "--network=host",
            "--read-only",
            "--tmpfs=/tmp",
            "--user=993:990",
            "--cap-drop=ALL",
        )
        setting = f"--env=AWS_LAMBDA_RUNTIME_API={address}"
        try:
            output(docker("run", "--detach", "--name", name, *flags, setting, lean, *FUNCTION))
            event = {"sensor_1": "[1,2.0,3]", "sensor_2": "[1,-1,0]"}
            assert runtime.invoke(event) == ("response", {"class": [0.0, 1.0, 1.0]})
        finally:
            docker("rm", "--force", name)


def test_it_refuses_another_with_the_image_that_it_needs(lean: str, tmp_path: Path) -> None:
    fit(data.DEFAULT, tmp_path / "model", "sklearn")
    ended = run(lean, flags=("--volume", f"{tmp_path}/model:{MODEL}:ro"))
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (65, "", 1)
    assert "build the image without VARIANT=lean" in ended.stderr
