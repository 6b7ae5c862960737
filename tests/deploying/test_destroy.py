"""`ecs/destroy` against moto: it asks, leaves nothing that bills, and can be run again."""

from pathlib import Path

import pytest

from ecs.commands import destroy
from tests.deploying.cloud import Cloud, again

Said = pytest.CaptureFixture[str]


def left(cloud: Cloud) -> list[str]:
    """Everything that bills."""
    stacks = cloud.client("cloudformation").describe_stacks()["Stacks"]
    balancers = cloud.client("elbv2").describe_load_balancers()["LoadBalancers"]
    repositories = cloud.client("ecr").describe_repositories()["repositories"]
    groups = cloud.client("logs").describe_log_groups()["logGroups"]
    return [
        *(one["StackName"] for one in stacks),
        *(one["Name"] for one in cloud.client("s3").list_buckets()["Buckets"]),
        *(one["repositoryName"] for one in repositories),
        *(one["LoadBalancerName"] for one in balancers),
        *(one["logGroupName"] for one in groups),
    ]


def spend(cloud: Cloud) -> None:
    """Let there be what a deployment leaves: logs in the bucket, and Container Insights' own."""
    [bucket] = cloud.client("s3").list_buckets()["Buckets"]
    cloud.client("s3").put_object(Bucket=bucket["Name"], Key="AWSLogs/1", Body=b"a line")
    group = "/aws/ecs/containerinsights/slipway-production/performance"
    cloud.client("logs").create_log_group(logGroupName=group)
    [balancer] = cloud.client("elbv2").describe_load_balancers()["LoadBalancers"]
    cloud.client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Attributes=[{"Key": "deletion_protection.enabled", "Value": "true"}],
    )


def test_the_last_environment_takes_all_with_it(
    bootstrapped: Cloud, deployed: str, capsys: Said
) -> None:
    spend(bootstrapped)
    assert destroy.main(["--yes"]) == 0
    assert left(bootstrapped) == []
    assert capsys.readouterr().out.endswith("nothing of production is left\n")
    assert destroy.main(["--yes"]) == 0


def test_another_environment_keeps_what_it_needs(
    bootstrapped: Cloud, deployed: str, artifact: Path, capsys: Said
) -> None:
    assert again(artifact, "--environment", "demo", image=deployed) == 0
    assert destroy.main(["--yes", "--environment", "demo"]) == 0
    names = left(bootstrapped)
    assert {"slipway-bootstrap", "slipway-network", "slipway-production", "slipway"} <= {*names}
    assert not [name for name in names if "demo" in name]


@pytest.mark.parametrize("answer", ["", "y\n", "staging\n", None])
def test_it_asks_and_only_the_name_is_a_yes(
    bootstrapped: Cloud, deployed: str, capsys: Said, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    def ask(question: str) -> str:
        assert question == "type production to continue: "
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("builtins.input", ask)
    assert destroy.main([]) == 1
    assert "nothing was deleted" in capsys.readouterr().out
    assert "slipway-production" in left(bootstrapped)


def test_what_an_interrupted_run_left_is_found_by_the_next(
    bootstrapped: Cloud, deployed: str
) -> None:
    spend(bootstrapped)
    bootstrapped.client("cloudformation").delete_stack(StackName="slipway-production")
    assert "/aws/ecs/containerinsights/slipway-production/performance" in left(bootstrapped)
    assert destroy.main(["--yes"]) == 0
    assert left(bootstrapped) == []


def test_a_name_that_is_none_is_refused(bootstrapped: Cloud, deployed: str, capsys: Said) -> None:
    assert destroy.main(["--yes", "--environment", "prodction"]) == 64
    complaint = "slipway: there is no slipway-prodction; there are slipway-production\n"
    assert capsys.readouterr().err == complaint
