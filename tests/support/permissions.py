"""The IAM permissions in bootstrap.yaml and service.yaml, statement by statement."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from ecs.template import load, resolve
from tests.support.resolved import service

SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:keys-AbCdEf"  # noqa: S105
EVERYTHING: dict[str, Any] = {
    **{"ApiKeysSecretArn": SECRET, "ModelUri": "s3://bucket/models/1/", "ModelSha256": 64 * "0"},
    **{"RateLimit": 2000, "RoleBoundaryArn": "arn:aws:iam::123456789012:policy/boundary"},
}
BOOTSTRAP = resolve(
    load("bootstrap.yaml"),
    {
        **{"GitHubRepository": "me/mine", "HostedZoneId": "Z1"},
        **{"KeysSecretName": "keys", "ModelsUri": "s3://bucket/models/"},
    },
)["Resources"]
DEPLOYED = service(**EVERYTHING)


def listed(part: Any) -> list[Any]:
    return part if isinstance(part, list) else [part]


def policies(resources: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The policies of roles, by the role's name."""
    for name, one in resources.items():
        for policy in one["Properties"].get("Policies", []):
            yield name, policy["PolicyDocument"]
        if one["Type"] in ("AWS::IAM::ManagedPolicy", "AWS::S3::BucketPolicy"):
            yield name, one["Properties"]["PolicyDocument"]


def allowed(resources: dict[str, Any], name: str = "*") -> list[dict[str, Any]]:
    return [
        statement
        for role, policy in policies(resources)
        for statement in policy["Statement"]
        if fnmatchcase(role, name) and statement["Effect"] == "Allow"
    ]
