"""`python -m ecs.render`: write task-definition.json from service.yaml.

For users who already have a cluster: `aws ecs register-task-definition --cli-input-json` and the
GitHub actions amazon-ecs-render-task-definition and amazon-ecs-deploy-task-definition read it.
Image, region, account and the names of the roles are examples; the actions replace them.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from ecs.template import FOLDER, PSEUDO, load, resolve

FILE = FOLDER / "task-definition.json"
PARAMETERS = {
    "ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/slipway@sha256:" + 64 * "0",
    "VpcId": "vpc-0",
    "PublicSubnetIds": "subnet-0",
    "TaskSubnetIds": "subnet-0",
}
KNOWN = {
    **PSEUDO,
    "AWS::StackName": "slipway",
    "ExecutionRole.Arn": "slipway-execution",
    "TaskRole.Arn": "slipway-task",
    "LogGroup": "/ecs/slipway",
}
MAPS = {"Options", "DockerLabels"}  # their keys are chosen by the user, not by the API


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file, or check that it is up to date. Return 0 if it is."""
    parser = argparse.ArgumentParser(prog="python -m ecs.render", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="only check that the file is up to date"
    )
    options = parser.parse_args(arguments)
    text = json.dumps(task_definition(), indent=2) + "\n"
    if not options.check:
        FILE.write_text(text)
    elif not FILE.exists() or FILE.read_text() != text:
        print(f"{FILE.name} does not match service.yaml: run python -m ecs.render", file=sys.stderr)
        return 1
    return 0


def task_definition(**parameters: Any) -> dict[str, Any]:
    """The input of RegisterTaskDefinition, for these parameters of service.yaml."""
    resources = resolve(load("service.yaml"), {**PARAMETERS, **parameters}, KNOWN)["Resources"]
    return dict(as_api(resources["TaskDefinition"]["Properties"]))


def as_api(part: Any) -> Any:
    """Convert the keys: CloudFormation's start with a capital letter, those of ECS do not."""
    if isinstance(part, list):
        return [as_api(one) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        key[0].lower() + key[1:]: value if key in MAPS else as_api(value)
        for key, value in part.items()
    }


if __name__ == "__main__":
    sys.exit(main())
