"""The image holds what serving needs and no more, and its container may do nothing but serve."""

import json
import re
import time
from pathlib import Path

import pytest

from tests.support import containers
from tests.support.compose import Project
from tests.support.containers import LABELS, MODEL, PROBE, execute, inspect, output, run
from tests.support.forged import EFFECTS, forged
from tests.support.serving import ROOT
from tests.test_agreement import DOCKERFILE

pytestmark = [pytest.mark.container, pytest.mark.slow]

PACKED = ("--build-arg=MODEL=packed", "--build-arg=ARTIFACT=artifacts/another")


@pytest.mark.parametrize("ci", ["true", ""])
def test_a_missing_engine_skips_but_fails_in_ci(monkeypatch: pytest.MonkeyPatch, ci: str) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    outcome = pytest.fail.Exception if ci else pytest.skip.Exception
    with pytest.raises(outcome, match=r"no container engine: .+"):
        containers.require_engine()


def test_compose_up_becomes_healthy_and_answers_the_published_example(api: Project) -> None:
    assert inspect("container", api.container)["State"]["Health"]["Status"] == "healthy"
    payload = json.dumps({"sensor_1": [1, 2.0, 3], "sensor_2": [1, -1, 0]})
    status, body = api.request("POST", "/predict", payload)
    assert (status, json.loads(body)) == (200, {"class": [0.0, 1.0, 1.0]})


def test_the_image_is_smaller_than_420_megabytes(image: str) -> None:
    assert inspect("image", image)["Size"] < 420e6


def test_the_user_is_a_number_and_not_root(image: str, api: Project) -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", inspect("image", image)["Config"]["User"])
    assert output(execute(api.container, "id", "-u")) != "0"


def test_the_image_has_its_labels(image: str) -> None:
    labels = inspect("image", image)["Config"]["Labels"]
    said = {name.removeprefix("org.opencontainers.image."): text for name, text in labels.items()}
    assert (said["title"], said["licenses"]) == ("slipway", "Apache-2.0")
    assert said["description"]
    assert {name: said[name.lower()] for name in LABELS} == LABELS
    assert [said["base.name"]] == re.findall(r"^ARG PYTHON_IMAGE=(\S+)$", DOCKERFILE, re.M)


def test_nothing_can_be_written_but_in_memory(api: Project) -> None:
    folders = f"/ /app {MODEL} /opt/venv /etc /home /run /usr/local/bin /var/log /var/tmp"
    attempt = f"for folder in {folders}; do touch $folder/new && echo $folder; done; true"
    assert output(execute(api.container, "sh", "-c", attempt)) == ""
    look = "find / ( -path /proc -o -path /sys ) -prune -o -type d -writable -print"
    writable = execute(api.container, *look.split()).stdout.split()
    assert "/tmp" in writable  # noqa: S108
    in_memory = ("/tmp", "/dev/shm", "/dev/mqueue")  # noqa: S108
    assert [path for path in writable if not path.startswith(in_memory)] == []


def test_what_is_written_to_tmp_cannot_be_executed(api: Project) -> None:
    output(execute(api.container, "cp", "/bin/true", "/tmp/new"))  # noqa: S108
    assert execute(api.container, "sh", "-c", "/bin/true && /tmp/new").returncode == 126


def test_gunicorn_is_process_1_without_privileges_and_within_limits(api: Project) -> None:
    command = output(execute(api.container, "cat", "/proc/1/cmdline")).split("\0")
    assert Path(command[1]).name == "gunicorn"
    status = output(execute(api.container, "cat", "/proc/1/status"))
    values = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(values["CapEff"], 16) == 0
    assert (values["NoNewPrivs"], values["Seccomp"]) == ("1", "2")
    limits = inspect("container", api.container)["HostConfig"]
    assert limits["PidsLimit"] == 64
    assert 0 < limits["Memory"] <= 2**30


def test_the_app_folder_holds_only_what_serves(image: str) -> None:
    found = output(run(image, "ls", "-A", "/app", MODEL)).split()
    own = ["/app:", "artifacts", "gunicorn.conf.py", "service", "slipway"]
    assert found == [*own, f"{MODEL}:", "manifest.json", "model.joblib", "model.onnx", "report"]


def test_no_tool_to_install_build_or_test_is_inside(image: str) -> None:
    tools = "pip pip3 uv pytest ruff mypy gcc g++ cc clang ld make git curl"
    look = f"for tool in {tools}; do command -v $tool; done; true"
    assert output(run(image, "sh", "-c", look)) == ""
    for python in ("python", "/usr/local/bin/python"):
        for module in ("pip", "ensurepip", "pytest"):
            attempt = run(image, python, "-m", module)
            assert f"No module named {module}" in attempt.stderr
    names = ("pip", "pip-*", "pip3*", "pytest", ".cache", "training", "tests")
    search = f"find / -xdev -name {' -o -name '.join(names)}".split()
    assert output(run(image, *search, flags=("--user=0",))) == ""


def test_no_file_can_lend_its_owners_rights(image: str) -> None:
    search = ("find", "/", "-xdev", "-type", "f", "-perm", "/6000")
    assert output(run(image, *search, flags=("--user=0",))) == ""


def test_nothing_is_compiled_at_the_start(image: str) -> None:
    program = "import service.asgi, gunicorn.arbiter, sklearn.pipeline, onnxruntime"
    imported = run(image, "python", "-v", "-c", program)
    loaded = re.findall(r"^# code object from '?([^'\n]+)", imported.stderr, re.MULTILINE)
    assert len(loaded) > 500
    assert [path for path in loaded if not path.endswith(".pyc")] == []


def test_the_health_check_is_the_probe_and_fails_where_nothing_answers(image: str) -> None:
    assert inspect("image", image)["Config"]["Healthcheck"]["Test"] == ["CMD", *PROBE]
    assert run(image, *PROBE).returncode == 1


def test_the_image_proves_its_model(image: str) -> None:
    shown = json.loads(output(run(image, "slipway", "prove", "--rows", "500", "--json")))
    assert [one["state"] for one in shown["proofs"]] == ["ok", "ok", "ok"]


def test_training_in_the_image_needs_no_network_and_gives_the_same_model(
    image: str, artifact: Path
) -> None:
    [command] = re.findall(r"\nRUN (python -m slipway .+)\n", (ROOT / "Dockerfile").read_text())
    version = json.loads((artifact / "manifest.json").read_text())["version"]
    assert json.loads(output(run(image, "cat", f"{MODEL}/manifest.json")))["version"] == version
    with containers.built(ROOT, "--target=trained") as stage:
        script = f"rm -r artifacts && {command} >&2 && cat {MODEL}/manifest.json"
        assert json.loads(output(run(stage, "sh", "-c", script)))["version"] == version


def test_a_packed_artifact_is_baked_in_even_from_a_checkout_that_only_its_owner_can_read(
    image: str, own_artifact: Path, tmp_path: Path
) -> None:
    manifest = (own_artifact / "manifest.json").read_text().replace('"sensors"', '"another"')
    (own_artifact / "manifest.json").write_text(manifest)
    checkout = containers.private_checkout(tmp_path / "checkout", own_artifact)
    with containers.built(checkout, *PACKED) as packed:
        baked = output(run(packed, "cat", f"{MODEL}/manifest.json"))
    assert (json.loads(baked)["name"], baked) == ("another", manifest.strip())


def test_an_artifact_that_could_not_be_served_stops_the_build(
    image: str, own_artifact: Path, tmp_path: Path
) -> None:
    (own_artifact / "model.joblib").write_bytes(b"damaged")
    checkout = containers.private_checkout(tmp_path / "checkout", own_artifact)
    refused = pytest.raises(AssertionError, match=r"slipway: .*model\.joblib: is text, and no")
    with refused, containers.built(checkout, *PACKED):
        pass


def test_a_damaged_artifact_ends_the_container_with_65(image: str, own_artifact: Path) -> None:
    content = bytearray((own_artifact / "model.joblib").read_bytes())
    content[len(content) // 2] ^= 1
    (own_artifact / "model.joblib").write_bytes(content)
    begin = time.monotonic()
    ended = run(image, flags=("--volume", f"{own_artifact}:{MODEL}:ro"))
    assert time.monotonic() - begin < 15  # about one on a machine with nothing else to do
    assert (ended.returncode, ended.stdout) == (65, "")
    assert re.fullmatch(r"slipway: .+ its sha256 is .+\n", ended.stderr)


@pytest.mark.parametrize("kind", ["REDUCE", "INST", "BUILD"])
def test_a_model_file_that_is_a_program_ends_the_container_without_an_effect(
    image: str, kind: str, own_artifact: Path, tmp_path: Path
) -> None:
    traces = tmp_path / "traces"
    traces.mkdir()
    traces.chmod(0o777)
    folder = forged(EFFECTS[kind]("/traces/made"), tmp_path / "artifact", own_artifact)
    ended = run(image, flags=(f"--volume={folder}:{MODEL}:ro", f"--volume={traces}:/traces"))
    assert (ended.returncode, ended.stdout) == (65, "")
    assert re.fullmatch(r"slipway: .+model\.joblib: .+ not (trusted|allowed).*\n", ended.stderr)
    assert not list(traces.iterdir())


def test_a_misspelt_setting_ends_the_container_with_78(image: str) -> None:
    ended = run(image, flags=("--env=SERVICE_MAX_ROWSS=1",))
    assert (ended.returncode, ended.stdout) == (78, "")
    assert re.fullmatch(r"slipway: SERVICE_MAX_ROWSS .+ SERVICE_MAX_ROWS\?\n", ended.stderr)
