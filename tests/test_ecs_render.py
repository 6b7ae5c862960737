"""task-definition.json: generated, up to date, and taken by those who want such a file."""

import json
from typing import Any

import pytest

from ecs import render
from ecs.template import FOLDER
from tests.support.aws import Client, assert_kept
from tests.support.permissions import SECRET

COMMITTED: dict[str, Any] = json.loads((FOLDER / "task-definition.json").read_text())
# Everything that changes the task.
TASKS: dict[str, dict[str, Any]] = {
    "as committed": {},
    "on spot": {"SpotWeight": 3},
    "large, for x86": {"Size": "large", "Architecture": "X86_64"},
    "with keys": {"ApiKeysSecretArn": SECRET},
    "with a model on s3": {"ModelUri": "s3://bucket/model/", "ModelSha256": 64 * "0"},
}


@pytest.mark.parametrize("parameters", TASKS.values(), ids=TASKS)
def test_a_task_definition_is_the_same_once_registered(
    aws: Client, parameters: dict[str, Any]
) -> None:
    sent = render.task_definition(**parameters) if parameters else COMMITTED
    aws("ecs").register_task_definition(**sent)
    found = aws("ecs").describe_task_definition(taskDefinition=sent["family"])["taskDefinition"]
    assert_kept(sent, found)


def test_the_committed_task_definition_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert render.main(["--check"]) == 0, capsys.readouterr().err


def test_the_error_for_an_outdated_task_definition_names_the_command_that_renders_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(render, "FILE", tmp_path / "task-definition.json")
    assert render.main(["--check"]) == 1
    assert "python -m ecs.render" in capsys.readouterr().err
    assert render.main([]) == 0
    assert json.loads(render.FILE.read_text()) == COMMITTED


def test_the_committed_task_definition_has_nothing_that_the_github_actions_drop() -> None:
    """They leave out what is empty and what only AWS can say."""
    assert not {"revision", "status", "compatibilities", "requiresAttributes"} & COMMITTED.keys()
    assert "[]" not in json.dumps(COMMITTED)
    assert "null" not in json.dumps(COMMITTED)
    assert "<" not in json.dumps(COMMITTED)  # no reference is left
