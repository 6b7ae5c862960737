"""The app: what it is made of, and that Flask alone can serve it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from service.app import create_app
from service.model.artifact import MissingError
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support.serving import ROOT, clean_environment


def test_its_routes_are_the_promised_ones(app: Flask) -> None:
    routes = {
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == {
        ("/predict", "POST"),
        ("/health", "GET"),
        ("/health/live", "GET"),
        ("/model", "GET"),
        ("/metrics", "GET"),
        ("/drift", "GET"),
        ("/openapi.json", "GET"),
        ("/", "GET"),
        ("/docs", "GET"),
        ("/report", "GET"),
        ("/2015-03-31/functions/<name>/invocations", "POST"),  # a protocol, on by itself
    }


def test_it_loads_the_artifact_of_its_settings(artifact: Path) -> None:
    app = create_app(Settings(model=str(artifact)))
    assert app.test_client().get("/health").status_code == 200


def test_without_an_artifact_there_is_no_app(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        create_app(Settings(model=str(tmp_path / "none")))


def test_two_apps_do_not_share_anything(predictor: Predictor) -> None:
    small = create_app(Settings(max_rows=1), predictor)
    large = create_app(Settings(max_rows=2), predictor)
    rows = {"sensor_1": [1, 2], "sensor_2": [1, 2]}
    assert small.test_client().post("/predict", json=rows).status_code == 422
    assert large.test_client().post("/predict", json=rows).status_code == 200


def test_flask_s_own_command_finds_it(artifact: Path) -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "service.app", "routes"],
        cwd=ROOT,
        env=clean_environment(SERVICE_MODEL=os.fspath(artifact)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "/predict" in listed.stdout
