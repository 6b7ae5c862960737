"""Read a CloudFormation template and resolve it for given parameters, as CloudFormation would.

Values that only AWS knows become names in angle brackets: `<LoadBalancer.DNSName>`.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackId": "<AWS::StackId>",
    "AWS::StackName": "slipway-production",
    "AWS::URLSuffix": "amazonaws.com",
}
NOTHING = object()  # AWS::NoValue
PLACEHOLDER = re.compile(r"\$\{([^!}][^}]*)\}")


class ParameterError(Exception):
    """CloudFormation would reject these parameters; the text is the reason."""


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _short_form(loader: _Loader, suffix: str, node: Any) -> dict[str, Any]:
    is_list = isinstance(node, yaml.SequenceNode)  # the templates have no mapping nodes here
    value: Any = (
        loader.construct_sequence(node, deep=True) if is_list else loader.construct_scalar(node)
    )
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def load(name: str) -> dict[str, Any]:
    """Read a template of this folder. Its functions become mappings of one key."""
    with (FOLDER / name).open() as file:
        return dict(yaml.load(file, _Loader))  # noqa: S506  # _Loader is a SafeLoader


def resolve(
    template: Mapping[str, Any],
    parameters: Mapping[str, Any],
    known: Mapping[str, str] = PSEUDO,
) -> dict[str, Any]:
    """Resources and outputs for these parameters, without those whose condition is false.

    `known` maps references to AWS and to resources to their values. ParameterError if a parameter
    is unknown, missing or not allowed, or if it breaks one of the template's rules.
    """
    resolver = _Resolver(template, _values(template, parameters), known)
    for rule in template.get("Rules", {}).values():
        if "RuleCondition" not in rule or resolver.value(rule["RuleCondition"]):
            for assertion in rule["Assertions"]:
                if not resolver.value(assertion["Assert"]):
                    raise ParameterError(assertion["AssertDescription"])
    return {
        section: {
            name: {key: resolver.value(part) for key, part in content.items()}
            for name, content in template[section].items()
            if "Condition" not in content or resolver.holds(content["Condition"])
        }
        for section in ("Resources", "Outputs")
    }


def _values(template: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    declared = template.get("Parameters", {})
    if unknown := given.keys() - declared.keys():
        raise ParameterError(f"no such parameter: {', '.join(sorted(unknown))}")
    values: dict[str, Any] = {}
    for name, rules in declared.items():
        if name not in given and "Default" not in rules:
            raise ParameterError(f"{name} is missing")
        text = str(given.get(name, rules.get("Default")))
        if not re.fullmatch(rules.get("AllowedPattern", "(?s).*"), text):
            raise ParameterError(f"{name} is {text!r}")
        if text not in map(str, rules.get("AllowedValues", [text])):
            raise ParameterError(f"{name} is {text!r}, not one of {rules['AllowedValues']}")
        values[name] = text
        if rules["Type"] == "Number":
            values[name] = int(text) if text.isdigit() else float(text)
            if not rules.get("MinValue", 0) <= values[name] <= rules.get("MaxValue", 1e9):
                raise ParameterError(f"{name} is {text}, too small or too large")
        elif rules["Type"].startswith("List<"):
            values[name] = text.split(",")
    return values


class _Resolver:
    """Evaluates CloudFormation's functions for one template and one set of parameters."""

    def __init__(
        self, template: Mapping[str, Any], values: Mapping[str, Any], known: Mapping[str, str]
    ) -> None:
        self.mappings = template.get("Mappings", {})
        self.conditions = template.get("Conditions", {})
        self.values = {**known, **values, "AWS::NoValue": NOTHING}
        self.functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self.name,
            "Fn::GetAtt": lambda of: self.name(of if isinstance(of, str) else ".".join(of)),
            "Condition": self.holds,
            "Fn::Equals": lambda two: str(two[0]) == str(two[1]),
            "Fn::Not": lambda one: not one[0],
            "Fn::And": all,
            "Fn::Or": any,
            "Fn::Contains": lambda two: two[1] in two[0],
            "Fn::Join": lambda two: two[0].join(two[1]),
            "Fn::Select": lambda two: two[1][int(two[0])],
            "Fn::Split": lambda two: two[1].split(two[0]),
            "Fn::FindInMap": lambda path: self.mappings[path[0]][path[1]][path[2]],
            "Fn::GetAZs": lambda _: [f"{self.values['AWS::Region']}{letter}" for letter in "abc"],
            "Fn::Cidr": _blocks,
            "Fn::Sub": self.fill,
        }

    def name(self, name: str) -> Any:
        return self.values.get(name, f"<{name}>")

    def holds(self, condition: str) -> bool:
        return bool(self.value(self.conditions[condition]))

    def fill(self, text: str | list[Any]) -> str:
        pattern, own = (text, {}) if isinstance(text, str) else text
        return PLACEHOLDER.sub(lambda found: str(own.get(found[1], self.name(found[1]))), pattern)

    def value(self, part: Any) -> Any:
        """Evaluate a part of the template."""
        if isinstance(part, list):
            return [value for one in part if (value := self.value(one)) is not NOTHING]
        if not isinstance(part, dict):
            return part
        if part.keys() == {"Fn::If"}:  # first, because only one of its branches may be evaluated
            condition, then, otherwise = part["Fn::If"]
            return self.value(then if self.holds(condition) else otherwise)
        if len(part) == 1 and (function := self.functions.get(next(iter(part)))):
            return function(self.value(next(iter(part.values()))))
        values = {key: self.value(one) for key, one in part.items()}
        return {key: value for key, value in values.items() if value is not NOTHING}


def _blocks(arguments: list[Any]) -> list[str]:
    network, count, bits = arguments
    blocks = ipaddress.ip_network(network).subnets(new_prefix=32 - int(bits))
    return [str(next(blocks)) for _ in range(int(count))]
