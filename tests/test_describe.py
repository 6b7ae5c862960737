"""`GET /model`: the manifest, without anybody's rows."""

import json
import platform
from pathlib import Path

from flask.testing import FlaskClient

from service import __version__

SERVER = {
    "name": "slipway",
    "version": __version__,
    "machine": platform.machine(),
    "shares_calls": True,
}


def test_the_manifest_is_reported(client: FlaskClient, artifact: Path) -> None:
    response = client.get("/model")
    manifest = json.loads((artifact / "manifest.json").read_text())
    assert response.status_code == 200
    public = {key: manifest[key] for key in manifest if key not in ("golden", "profile")}
    assert response.json == {**public, "server": SERVER}
    for promised in ("name", "version", "signature", "metrics", "engine"):
        assert response.json[promised]
