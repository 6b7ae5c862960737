"""Health: ready means that the model was verified, live that the process answers."""

from flask.testing import FlaskClient


def test_ready_names_the_model_and_its_version(client: FlaskClient) -> None:
    response = client.get("/health")
    assert response.status_code == 200
    assert response.json == {
        "status": "ready",
        "model": "sensors",
        "version": client.get("/model").json["version"],  # type: ignore[index]
    }


def test_live_answers(client: FlaskClient) -> None:
    response = client.get("/health/live")
    assert (response.status_code, response.json) == (200, {"status": "live"})
