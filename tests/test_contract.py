"""From training to an HTTP answer: what is served is what the estimator predicts."""

import json
from pathlib import Path

import numpy as np

from service.app import create_app
from service.model.predictor import Predictor
from service.settings import Settings
from tests.support.serving import Server
from training.pack import pack
from training.samples import sample
from training.sensor_example import data, pipeline


def test_the_served_sensor_model_predicts_as_the_estimator_does(server: Server) -> None:
    readings = data.read(data.DEFAULT)
    rows = readings.inputs[:500]
    payload = {"sensor_1": rows[:, 0].tolist(), "sensor_2": rows[:, 1].tolist()}
    answer = json.loads(server.predict(json.dumps(payload), query="?probabilities=true").body)
    assert np.mean(np.array(answer["class"]) == readings.target[:500]) > 0.9
    alone = json.loads(server.predict(json.dumps({"instances": rows[7:8].tolist()})).body)
    assert alone["class"] == answer["class"][7:8]


def test_nothing_in_the_service_depends_on_the_sensor_example(tmp_path: Path) -> None:
    readings = data.read(data.DEFAULT)
    model = pipeline.build().fit(readings.inputs, readings.target)
    rows = tmp_path / "rows.csv"
    rows.write_text(data.DEFAULT.read_text().replace("sensor_1,sensor_2,class", "left,right,drift"))
    pack(
        model,
        sample.read(rows),
        targets=["drift"],
        name="other",
        folder=tmp_path / "model",
    )
    app = create_app(Settings(), Predictor.load(tmp_path / "model"))
    response = app.test_client().post("/predict", json={"left": [1, 2, 3], "right": [1, -1, 0]})
    assert response.json == {"drift": [0.0, 1.0, 1.0]}
    service = Path(__file__).parent.parent / "service"
    assert not [path for path in service.rglob("*.py") if "sensor" in code_of(path)]


def code_of(path: Path) -> str:
    """The file without its docstrings' examples of forms."""
    return path.read_text().replace(forms_example(path), "")


def forms_example(path: Path) -> str:
    text = path.read_text()
    return text.split('"""')[1] if path.name == "payloads.py" else "\0"
