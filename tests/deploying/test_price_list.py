"""`slipway cost --now` takes the prices of AWS's list. The figures here are made up."""

import json
from argparse import Namespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ecs import price_list, prices
from ecs.account import Account
from ecs.commands import cost, options
from ecs.errors import DeniedError

Said = pytest.CaptureFixture[str]
DATE = "2026-11-01T00:00:00Z"


def product(usage: str, *dollars: str) -> str:
    """A product as the list has it, with a price for each tier."""
    tiers = {
        f"tier.{place}": {
            "beginRange": str(place * 100),
            "unit": "Hrs",
            "pricePerUnit": {"USD": one},
        }
        for place, one in enumerate(dollars)
    }
    return json.dumps(
        {
            "product": {"attributes": {"usagetype": usage, "regionCode": "eu-central-1"}},
            "terms": {"OnDemand": {"one": {"effectiveDate": DATE, "priceDimensions": tiers}}},
        }
    )


LIST = {
    "AmazonECS": [
        product("EUC1-Fargate-ARM-vCPU-Hours:perCPU", "0.0000000000"),
        product("EUC1-Fargate-ARM-vCPU-Hours:perCPU", "0.0400000000"),
        product("EUC1-Fargate-ARM-GB-Hours", "0.0050000000"),
        product("EUC1-SpotUsage-Fargate-GB-Hours", "0.0001000000"),
    ],
    "AWSLambda": [
        product("EUC1-Lambda-Edge-Request", "9.0"),
        product("EUC1-Request", "0.0000003000", "0.0000001000"),
    ],
    "AWSELB": [product("EUC1-LoadBalancerUsage", "0.0300000000")],
}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Any:
    keys = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "none")
    client = boto3.client("pricing", price_list.REGION, **keys)
    with Stubber(client) as stub:
        for item in price_list.ITEMS.values():
            filters = [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-central-1"}]
            if item.field:
                filters += [{"Type": "TERM_MATCH", "Field": item.field, "Value": item.value}]
            stub.add_response(
                "get_products",
                {"PriceList": LIST.get(item.service, []), "FormatVersion": "aws_v1"},
                {"ServiceCode": item.service, "Filters": filters},
            )
        session = Namespace(client=lambda *_, **__: client)
        yield Account(session, "123456789012", "eu-central-1", "somebody")
        stub.assert_no_pending_responses()


def test_prices_are_those_of_the_list_by_their_usage(account: Account) -> None:
    found = price_list.current(account)
    assert (found.region, found.arm64_vcpu, found.arm64_gb) == ("eu-central-1", 0.04, 0.005)
    assert found.lambda_request == 0.3e-6  # the first tier, and not that at the edge
    assert found.balancer == 0.03
    assert found.x86_64_gb == prices.LISTED.x86_64_gb  # the list has none but for Spot
    assert set(found.effective.values()) == {"2026-11-01"}


def test_the_command_says_which_prices_are_of_today(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setattr(options, "open_account", lambda _: account)
    arguments = ["--capacity", "80", "--latency-ms", "10", "--egress", "nat", "--rate", "100"]
    assert cost.main([*arguments, "--now"]) == 0
    said = capsys.readouterr().out
    assert "AWS's price list for eu-central-1" in said
    assert "effective from 2026-11-01 to 2026-11-01" in said
    assert "the list has no price for arm64_lambda, x86_64_vcpu, x86_64_gb, x86_64_lambda" in said
    # 3 tasks of 0.04 + 2 * 0.005, NAT and address 0.05, balancer 0.03 + 0.01, units 0.00576
    assert f"Fargate ${730 * (3 * 0.05 + 0.05 + 0.04 + 0.00576):,.2f} (3 tasks)" in said


def test_without_credentials_the_prices_are_the_listed_ones(
    monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    def denied(_: object) -> Account:
        raise DeniedError("no AWS credentials")

    monkeypatch.setattr(options, "open_account", denied)
    arguments = ["--capacity", "80", "--latency-ms", "10", "--egress", "nat", "--rate", "100"]
    assert cost.main([*arguments, "--now"]) == 0
    said = capsys.readouterr()
    assert said.err == (
        f"note: no AWS credentials: the prices are those of us-east-1, {prices.READ}\n"
    )
    assert "Fargate $150.93 (3 tasks)" in said.out
