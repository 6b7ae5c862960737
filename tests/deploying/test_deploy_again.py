"""`ecs/deploy` interrupted half way, and run again."""

from pathlib import Path
from typing import Any

import pytest

from ecs import containers, stacks
from ecs.commands import deploy
from tests.deploying.cloud import REPOSITORY, Cloud, again

Said = pytest.CaptureFixture[str]


def test_an_interrupted_deploy_is_waited_for_by_the_next(
    bootstrapped: Cloud,
    deployed: str,
    artifact: Path,
    capsys: Said,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def linger(stack: Any) -> str:
        return "UPDATE_IN_PROGRESS"

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    second = bootstrapped.push("second")
    bootstrapped.then = linger
    monkeypatch.setattr(stacks, "sleep", interrupt)
    assert again(artifact, image=second) == 130
    assert "Run the same command again: it waits" in capsys.readouterr().err

    def end(seconds: float) -> None:
        stack = bootstrapped.stack()
        bootstrapped.run_image(stack, f"{REPOSITORY}@{second}")
        stack.resource_map.resolved_parameters["ImageUri"] = f"{REPOSITORY}@{second}"
        stack.status = "UPDATE_COMPLETE"

    monkeypatch.setattr(stacks, "sleep", end)
    assert again(artifact, image=second) == 0
    said = capsys.readouterr().out
    assert "slipway-production is busy (UPDATE_IN_PROGRESS): waiting" in said
    assert "nothing to do" in said


def test_an_interruption_after_the_push_builds_nothing_again(
    cloud: Cloud, no_docker: None, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "commit", lambda: "c0ffee")
    monkeypatch.setattr(deploy, "source_of", lambda _: containers.Source("c0ffee", False, {}, ""))
    push = containers.push

    def interrupted(name: str) -> None:
        push(name)
        raise KeyboardInterrupt

    monkeypatch.setattr(containers, "push", interrupted)
    assert deploy.main([]) == 130
    assert deploy.main([]) == 0
    said = capsys.readouterr().out
    assert said.count("building 123456789012") == 1
    assert "slipway:c0ffee was pushed before: not building it again" in said
