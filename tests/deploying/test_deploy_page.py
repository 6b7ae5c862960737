"""docs/deploy.md and the README's Deploy: each command runs, each table is that of the code."""

import re
import shlex
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.session import Session

from ecs import template
from ecs.commands import cost, deploy, destroy, rollback, verify
from tests.deploying.cloud import Cloud
from tests.support.serving import ROOT
from tests.support.stranger import commands
from tests.test_docs import table_rows

PAGE = (ROOT / "docs/deploy.md").read_text()
README = (ROOT / "README.md").read_text()
INDENTED = re.sub(r"^   ", "", PAGE, flags=re.MULTILINE)
ALL = [line for line in commands(INDENTED) if line]
MAINS = {"deploy": deploy, "rollback": rollback, "verify": verify, "destroy": destroy}
# The aws command's own, which are no operations of a service.
CUSTOM = {
    ("ecs", "run-task"): {"cli-input-json"},  # tests/batch/test_run_task.py sends it
    ("logs", "tail"): {"follow"},
    ("s3", "cp"): {"recursive"},
}


def run(line: str, stand_ins: dict[str, str]) -> int:
    for name, value in stand_ins.items():
        line = re.sub(rf"\b{name}\b(?!=)", value, line)
    command, *arguments = shlex.split(line)
    module: Any = MAINS[command.removeprefix("ecs/")]
    return int(module.main(arguments))


def test_each_command_of_the_page_runs_in_its_order(
    cloud: Cloud, no_docker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builtins.input", lambda _: "demo")
    stand_ins = {
        "CERTIFICATE": "arn:aws:acm:eu-west-1:123456789012:certificate/1",
        "SECRET": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:slipway/keys-abcdef",
        "ZONE": "Z0123456789",
        "OWNER/NAME": "owner/name",
        "BUCKET": "models",
        "SHA256": "0" * 64,
    }
    first = ""
    # Before there is anything, verify is content; later it misses tasks, which moto runs none of.
    for line in [one for one in ALL if one.startswith("ecs/") and "bench.json" not in one]:
        there = first or "sha256:" + "0" * 64
        url = cloud_url(cloud)
        code = run(line.replace("--artifact artifacts/mine", ""), {**stand_ins, "DIGEST": there})
        if line == "ecs/verify":
            assert code == int(bool(first))
            continue
        assert code == 0, line
        first = first or cloud.stack().stack_parameters["ImageUri"].rpartition("@")[2]
        if "DomainName" in line:  # only AWS knows that name
            cloud.stack().output_map["Url"].value = url


def cloud_url(cloud: Cloud) -> str:
    balancers = boto3.client("elbv2").describe_load_balancers()["LoadBalancers"]
    return f"http://{balancers[0]['DNSName']}" if balancers else ""


def test_the_readme_s_commands_are_the_page_s() -> None:
    own = [line for line in commands(README) if line.startswith("ecs/")]
    assert own == ["ecs/verify", "ecs/deploy"]
    assert {*own} <= {*ALL}


@pytest.mark.parametrize("line", [line for line in ALL if line.startswith("aws ")])
def test_what_the_page_asks_of_the_aws_command_is_in_aws_s_description(line: str) -> None:
    _, service, operation, *arguments = shlex.split(line)
    given = {one.removeprefix("--") for one in arguments if one.startswith("--")}
    if (service, operation) in CUSTOM:
        assert given <= CUSTOM[service, operation]
        return
    model = Session().get_service_model(service)
    [found] = [n for n in model.operation_names if xform_name(n, "-") == operation]
    shape = model.operation_model(found).input_shape
    known = {xform_name(name, "-") for name in shape.members}
    assert {xform_name(name, "-") for name in shape.required_members} <= given <= known


def test_no_command_is_left_out() -> None:
    others = [line for line in ALL if not line.startswith(("ecs/", "aws ", "curl "))]
    assert others == [
        ".venv/bin/slipway key mobile",  # tests/test_operations.py runs it
        "sha256sum artifacts/mine/manifest.json",
        ".venv/bin/slipway bench artifacts/mine --json bench.json",  # tests/test_bench.py
    ]


def test_the_alarms_are_those_of_the_template() -> None:
    resources = template.load("service.yaml")["Resources"]
    assert table_rows(PAGE, "| alarm | meaning |") == [
        [f"`{name}`", one["Properties"]["AlarmDescription"]]
        for name, one in resources.items()
        if one["Type"] == "AWS::CloudWatch::Alarm"
    ]


def test_the_cost_table_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    results = (ROOT / "benchmarks/results.md").read_text()
    [capacity] = re.findall(r"^\| this service \| ([\d,]+) \| 1.00 × \|", results, re.M)[:1]
    number = int(capacity.replace(",", ""))
    measured = ["--capacity", str(number), "--latency-ms", f"{1000 / number:.2f}"]
    assert cost.main([*measured, "--markdown"]) == 0
    assert capsys.readouterr().out in PAGE


def test_every_exit_code_is_on_the_page() -> None:
    from ecs import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    [line] = re.findall(r"^Exit codes: (.*?)\n\n", PAGE, re.M | re.S)
    message = {int(code) for code in re.findall(r"\b(\d+) ", line)}
    assert message == {0, 130, *(kind.exit_code for kind in kinds if hasattr(kind, "exit_code"))}


def test_the_help_s_examples_have_parameters_and_values_of_the_templates() -> None:
    stacks = [template.load(f"{name}.yaml")["Parameters"] for name in ("service", "network")]
    given = re.findall(r"--set (\w+)=(\w+)", str(deploy.deploy.help))
    assert given
    for name, value in given:
        [parameter] = [one[name] for one in stacks if name in one]
        assert value in parameter.get("AllowedValues", [value])


def test_the_page_for_users_of_copilot_names_parameters_that_there_are() -> None:
    page = (ROOT / "docs/copilot.md").read_text()
    cells = [row[1] for row in table_rows(page, "manifest of Copilot")]
    named = {name for cell in cells for name in re.findall(r"`([A-Za-z]+)`", cell)}
    files = ("service.yaml", "network.yaml")
    parameters = {name for one in files for name in template.load(one)["Parameters"]}
    assert len(named) > 15
    assert named <= parameters
    service = template.load("service.yaml")["Parameters"]
    assert service["Architecture"]["Default"] == "ARM64"
