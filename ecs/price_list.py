"""AWS's Price List API: the current prices in a region.

The names of usage were found in public programs that read the list, and were not tried on AWS; so a
price that the list does not have under its name stays as it is, and the output says so.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ecs.account import Account, translate_errors
from ecs.prices import LISTED, Prices

REGION = "us-east-1"  # one of the few in which the API is
PREFIX = r"(?:[A-Z]{2,4}\d*-)?"  # of a region, such as EUC1-


@dataclass(frozen=True, slots=True)
class Item:
    """A price of `Prices`: the service that has it, its usage type without the region's prefix, and
    a further filter."""

    service: str
    usage: str
    field: str = ""
    value: str = ""


ITEMS = {
    "arm64_vcpu": Item("AmazonECS", "Fargate-ARM-vCPU-Hours:perCPU"),
    "arm64_gb": Item("AmazonECS", "Fargate-ARM-GB-Hours"),
    "x86_64_vcpu": Item("AmazonECS", "Fargate-vCPU-Hours:perCPU"),
    "x86_64_gb": Item("AmazonECS", "Fargate-GB-Hours"),
    "arm64_lambda": Item("AWSLambda", "Lambda-GB-Second-ARM"),
    "x86_64_lambda": Item("AWSLambda", "Lambda-GB-Second"),
    "lambda_request": Item("AWSLambda", "Request"),
    "http_api_request": Item("AmazonApiGateway", "ApiGatewayHttpRequest"),
    "balancer": Item("AWSELB", "LoadBalancerUsage", "operation", "LoadBalancing:Application"),
    "capacity_unit": Item("AWSELB", "LCUUsage", "operation", "LoadBalancing:Application"),
    "public_address": Item("AmazonVPC", "PublicIPv4:InUseAddress"),
    "nat": Item("AmazonEC2", "NatGateway-Hours", "productFamily", "NAT Gateway"),
    "endpoint": Item("AmazonVPC", "VpcEndpoint-Hours"),
}


def current(account: Account) -> Prices:
    """The prices in the account's region; needs `pricing:GetProducts`."""
    client = account.client("pricing", REGION)
    prices: dict[str, float] = {}
    dates: dict[str, str] = {}
    with translate_errors():
        for name, item in ITEMS.items():
            found = next(_prices(client, account.region, item), None)
            if found is not None:
                prices[name], dates[name] = found
    changed: Any = prices
    return replace(LISTED, region=account.region, effective=dates, **changed)


def _prices(client: Any, region: str, item: Item) -> Iterator[tuple[float, str]]:
    """Each price of an item in dollars, with the date from which it is effective.

    Of tiers the first one counts. Prices of 0 belong to free tiers.
    """
    filters = {"regionCode": region, **({item.field: item.value} if item.field else {})}
    pages = client.get_paginator("get_products").paginate(
        ServiceCode=item.service,
        Filters=[
            {"Type": "TERM_MATCH", "Field": field, "Value": value}
            for field, value in filters.items()
        ],
    )
    for page in pages:
        for text in page["PriceList"]:
            product = json.loads(text)
            usage = product["product"]["attributes"].get("usagetype", "")
            if not re.fullmatch(PREFIX + re.escape(item.usage), usage):
                continue
            for term in product["terms"].get("OnDemand", {}).values():
                for one in term["priceDimensions"].values():
                    price = float(one["pricePerUnit"].get("USD", 0.0))
                    if price > 0.0 and float(one.get("beginRange", 0.0)) == 0.0:
                        yield price, term["effectiveDate"][:10]
