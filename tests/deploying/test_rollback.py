"""`ecs/rollback` against moto: to the image before, to a digest, out of a deployment under way."""

from pathlib import Path
from typing import Any

import pytest
from moto.core.responses import ActionResult
from moto.ecr.responses import ECRResponse

from ecs.commands import rollback
from tests.deploying.cloud import REPOSITORY, Cloud, again

Said = pytest.CaptureFixture[str]


@pytest.fixture
def second(bootstrapped: Cloud, deployed: str, artifact: Path, capsys: Said) -> str:
    """The digest of a second image, which runs now."""
    digest = bootstrapped.push("second")
    assert again(artifact, image=digest) == 0
    capsys.readouterr()
    return digest


def test_it_rolls_back_to_the_previous_image_and_forward_again(
    bootstrapped: Cloud, deployed: str, second: str, artifact: Path, capsys: Said
) -> None:
    assert rollback.main(["--artifact", str(artifact)]) == 0
    said = capsys.readouterr().out
    assert bootstrapped.changes[-1] == {"ImageUri": f"{REPOSITORY}@{deployed}"}
    assert bootstrapped.requests[-1]["template"] is None  # it keeps its own
    assert {"Size", "RoleBoundaryArn"} <= bootstrapped.requests[-1]["kept"]
    assert f"to undo: slipway rollback --environment production {second}" in said
    assert "/predict responds with" in said
    assert rollback.main(["--artifact", str(artifact)]) == 0
    assert bootstrapped.changes[-1] == {"ImageUri": f"{REPOSITORY}@{second}"}


def test_to_a_digest_twice_is_nothing_to_do_the_second_time(
    deployed: str, second: str, artifact: Path, capsys: Said
) -> None:
    for message in ("to undo:", "nothing to do: slipway-production already runs this image"):
        assert rollback.main([deployed, "--artifact", str(artifact)]) == 0
        assert message in capsys.readouterr().out


def test_a_deployment_under_way_is_cancelled(
    bootstrapped: Cloud, deployed: str, capsys: Said
) -> None:
    bootstrapped.stack().status = "UPDATE_IN_PROGRESS"
    assert rollback.main([]) == 0
    assert bootstrapped.cancelled == ["slipway-production"]
    assert f"slipway-production runs {REPOSITORY}@{deployed}" in capsys.readouterr().out


def test_the_list_shows_what_one_can_go_back_to(deployed: str, second: str, capsys: Said) -> None:
    assert rollback.main(["--list"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert {line[0] for line in lines} == {deployed, second}
    assert [line[-1] for line in lines if "runs" in line] == ["second"]


def test_the_list_marks_archived_images(
    deployed: str, second: str, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Like ECR: archived images are listed only if they are requested."""
    real = ECRResponse.describe_images

    def describe(self: Any) -> Any:
        found: Any = real(self).result
        is_any = (self._get_param("filter") or {}).get("imageStatus") == "ANY"
        for one in found["imageDetails"]:
            one.image_status = "ARCHIVED" if one.image_digest == deployed else "ACTIVE"
        images = [one for one in found["imageDetails"] if is_any or one.image_status == "ACTIVE"]
        return ActionResult({"imageDetails": images})

    monkeypatch.setattr(ECRResponse, "describe_images", describe)
    assert rollback.main(["--list"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert [line[0] for line in lines if "archived" in line] == [deployed]
    assert [line[0] for line in lines if "runs" in line] == [second]


def test_what_cannot_be_is_one_line(
    bootstrapped: Cloud, deployed: str, artifact: Path, capsys: Said
) -> None:
    other = bootstrapped.push("other", "amd64")
    for arguments, code, complaint in (
        ([], 66, "slipway-production ran no other image before"),
        (["sha256:" + "0" * 64], 66, "is not in slipway in eu-west-1; slipway rollback --list"),
        (["latest"], 64, "'latest' is not a digest"),
        (["elsewhere/slipway@sha256:" + "0" * 64], 64, "is not in 123456789012.dkr.ecr.eu-west-1"),
        ([other], 64, "is for linux/amd64, but the tasks are linux/arm64"),
        (["--environment", "staging"], 66, "there is no stack slipway-staging in eu-west-1"),
        (["--region", "us-east-1"], 66, "there is no stack slipway-bootstrap in us-east-1"),
    ):
        assert rollback.main(arguments) == code
        printed = capsys.readouterr().err
        assert (printed.count("\n"), complaint in printed) == (1, True), printed
    assert bootstrapped.changes == []
