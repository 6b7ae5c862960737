"""ecs/files.yaml and ecs/run-task.json: the service's image scores a file on S3, once."""

import json
import re
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ecs.render import as_api
from ecs.template import FOLDER, PSEUDO, ParameterError, load, resolve
from service.__main__ import main
from tests.batch.conftest import BUCKET, CLASSES, GOOD, HEADER, classes
from tests.batch.test_places import TASK
from tests.support import buckets, containers
from tests.support.aws import Client, assert_kept
from tests.support.permissions import allowed, listed
from tests.support.resolved import container, service
from tests.support.serving import ROOT

ROLE = "arn:aws:iam::123456789012:role/any"
KNOWN = {
    **{**PSEUDO, "AWS::StackName": "slipway-files", "LogGroup": "/ecs/slipway-files"},
    **{"ExecutionRole.Arn": ROLE, "TaskRole.Arn": ROLE},
}
RESOURCES = resolve(load("files.yaml"), TASK, KNOWN)["Resources"]
EXAMPLE = json.loads((FOLDER / "run-task.json").read_text())
[OVERRIDE] = EXAMPLE["overrides"]["containerOverrides"]


def test_ecs_takes_the_task_and_the_example(aws: Client) -> None:
    ecs, ec2 = aws("ecs"), aws("ec2")
    wanted = as_api(RESOURCES["TaskDefinition"]["Properties"])
    made = ecs.register_task_definition(**wanted)["taskDefinition"]
    assert_kept(wanted["containerDefinitions"], made["containerDefinitions"])
    wanted["containerDefinitions"][0]["memory"] = 4096  # moto does not take the task's
    made = ecs.register_task_definition(**wanted)["taskDefinition"]
    ecs.create_cluster(clusterName=RESOURCES["Cluster"]["Properties"]["ClusterName"])
    vpc = ec2.create_vpc(CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.30.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="files", Description="files")["GroupId"]
    text = json.dumps(EXAMPLE).replace("subnet-0", subnet).replace("sg-0", group)
    [task] = ecs.run_task(**json.loads(text))["tasks"]
    assert task["taskDefinitionArn"] == made["taskDefinitionArn"]
    assert_kept(EXAMPLE["overrides"], task["overrides"])
    assert OVERRIDE["name"] == container(RESOURCES)["Name"]


def test_the_example_s_command_runs(artifact: Path, store: dict[str, str]) -> None:
    slipway, predict, model, source, output, on_error, skip = OVERRIDE["command"]
    assert (slipway, model) == ("slipway", "artifacts/model")
    source, output = (one.replace("BUCKET", BUCKET) for one in (source, output))
    source = source.replace("readings", "bad")
    assert main([predict, str(artifact), source, output, on_error, skip]) == 0
    assert classes(store["files/scored.csv"]) == CLASSES


def test_it_is_confined_as_the_service_is_but_for_a_disk() -> None:
    own, others = container(RESOURCES), container(service())
    for name in ("User", "Essential", "VersionConsistency"):
        assert own[name] == others[name]
    assert own["LinuxParameters"]["Capabilities"] == others["LinuxParameters"]["Capabilities"]
    assert not own.keys() & {"PortMappings", "RestartPolicy", "HealthCheck", "Secrets"}
    group = RESOURCES["SecurityGroup"]["Properties"]
    assert [rule["FromPort"] for rule in group["SecurityGroupEgress"]] == [443]
    assert "SecurityGroupIngress" not in group


def test_a_task_may_read_and_write_its_folder_and_delete_bad_rows_in_it() -> None:
    rights = {
        action: statement["Resource"]
        for statement in allowed(RESOURCES, "TaskRole")
        for action in listed(statement["Action"])
    }
    folder = "arn:aws:s3:::rows/files/*"
    assert rights == {
        **dict.fromkeys(["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"], folder),
        "s3:DeleteObject": f"{folder}.bad.csv",
    }
    for role in ("ExecutionRole", "TaskRole"):
        trust = RESOURCES[role]["Properties"]["AssumeRolePolicyDocument"]
        assert trust == service()[role]["Properties"]["AssumeRolePolicyDocument"]


@pytest.mark.parametrize(
    "changed", [{"FilesUri": "s3://rows/*/"}, {"FilesUri": "rows"}, {"DiskGiB": 20}]
)
def test_what_would_fail_later_is_refused_at_once(changed: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=next(iter(changed))):
        resolve(load("files.yaml"), {**TASK, **changed})


@pytest.mark.slow
@pytest.mark.container
def test_the_image_scores_a_file_from_s3_to_s3(
    image: str, s3: str, store: dict[str, str], tmp_path: Path
) -> None:
    with closing(buckets.client(s3)) as client:
        client.copy_object(Bucket="rows", Key="files/readings.csv", CopySource="rows/files/bad.csv")
    packages = containers.packages("requirements/s3.txt", tmp_path / "packages")
    settings = {**buckets.credentials(s3), "PYTHONPATH": "/packages"}
    own = container(RESOURCES)
    assert not own["ReadonlyRootFilesystem"]
    flags = [f"--user={own['User']}", "--cap-drop=ALL", f"--volume={packages}:/packages:ro"]
    flags += [f"--env={name}={value}" for name, value in settings.items()]
    command = [one.replace("BUCKET", BUCKET) for one in OVERRIDE["command"]]
    ended = containers.docker("run", "--rm", "--network=host", "--init", *flags, image, *command)
    assert containers.output(ended).startswith(
        "3 of 4 rows scored to s3://rows/files/scored.csv in"
    )
    assert classes(store["files/scored.csv"]) == CLASSES
    writable = ["find", "/", "-xdev", "-writable", "-not", "-type", "l"]
    found = containers.run(image, *writable, flags=("--cap-drop=ALL",)).stdout.split()
    assert set(found) <= {"/tmp", "/var/tmp", "/run/lock"}  # noqa: S108


@pytest.mark.slow
@pytest.mark.container
def test_the_image_scores_a_file_that_is_mounted(image: str, tmp_path: Path) -> None:
    (tmp_path / "readings.csv").write_text(HEADER + GOOD)
    [line] = re.findall(r"^docker run .*", (ROOT / "docs/files.md").read_text(), re.M)
    ended = subprocess.run(
        ["sh", "-c", line.replace(" slipway ", f" {image} ")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert classes((tmp_path / "scored.csv").read_text()) == CLASSES
