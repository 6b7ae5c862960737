"""A service that its roles' boundary would keep from its secret or model is refused at once."""

import pytest

from ecs import boundary, names
from ecs.commands import deploy
from ecs.errors import UsageError
from ecs.stacks import Stack
from tests.deploying.cloud import Cloud

Said = pytest.CaptureFixture[str]
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:{}-AbCdEf"
KEYS = {"ApiKeysSecretArn": ARN.format("slipway/keys")}
OTHER_KEYS = {"ApiKeysSecretArn": ARN.format("team/keys")}
MODEL = {"ModelUri": "s3://bucket/models/1/"}


def made(**parameters: str) -> Stack:
    return Stack(names.BOOTSTRAP, "id", "CREATE_COMPLETE", "", parameters, {})


NEW = made(KeysSecretName="slipway/keys", ModelsUri="s3://bucket/models/")
OLD = made(GitHubRepository="")


@pytest.mark.parametrize(
    ("bootstrap", "given", "renew", "service"),
    [
        (None, {}, False, {}),
        (None, {}, False, KEYS),
        (None, {"KeysSecretName": "team/keys"}, False, OTHER_KEYS),
        (None, {"ModelsUri": "s3://bucket/"}, False, MODEL),
        (NEW, {}, False, {**KEYS, **MODEL}),
        (NEW, {"KeysSecretName": "team/keys"}, False, OTHER_KEYS),
        (OLD, {}, False, {**OTHER_KEYS, **MODEL}),
    ],
)
def test_what_the_boundary_allows_passes(
    bootstrap: Stack | None, given: dict[str, str], renew: bool, service: dict[str, str]
) -> None:
    boundary.check(bootstrap, given, renew, service)


@pytest.mark.parametrize(
    ("bootstrap", "given", "renew", "service", "complaint"),
    [
        (None, {}, False, OTHER_KEYS, "only read slipway/keys: add --set KeysSecretName=team/keys"),
        (None, {}, False, MODEL, "may not read from S3: add --set ModelsUri="),
        (NEW, {}, False, OTHER_KEYS, "add --set KeysSecretName=team/keys"),
        (NEW, {"KeysSecretName": "team/keys"}, False, KEYS, "may only read team/keys"),
        (NEW, {}, False, {"ModelUri": "s3://other/1/"}, "only read below s3://bucket/models/"),
        (OLD, {}, True, OTHER_KEYS, "add --set KeysSecretName=team/keys"),
        (OLD, {"HostedZoneId": "Z1"}, False, MODEL, "may not read from S3"),
    ],
)
def test_what_it_does_not_allow_is_refused_with_what_to_add(
    bootstrap: Stack | None,
    given: dict[str, str],
    renew: bool,
    service: dict[str, str],
    complaint: str,
) -> None:
    with pytest.raises(UsageError, match=complaint):
        boundary.check(bootstrap, given, renew, service)


def test_deploy_changes_nothing_before_it_has_looked(
    bootstrapped: Cloud, deployed: str, capsys: Said
) -> None:
    arguments = ["--keep-image", "--set", f"ApiKeysSecretArn={OTHER_KEYS['ApiKeysSecretArn']}"]
    assert deploy.main(arguments) == 64
    assert capsys.readouterr().err.count("\n") == 1
    assert bootstrapped.requests == []
