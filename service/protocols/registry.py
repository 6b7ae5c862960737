"""The protocols by the names that `SERVICE_PROTOCOLS` takes.

A module is imported only if its protocol is enabled. `service/settings.py` imports the names, so
this module imports nothing of the service.
"""

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.protocols.protocol import Protocol

# Each module has a value PROTOCOL.
MODULES = {
    "lambda": "service.protocols.aws_lambda.route",
    "sagemaker": "service.protocols.sagemaker.route",
    "oip": "service.protocols.oip.route",
    "mlflow": "service.protocols.mlflow",
}
NAMES = tuple(MODULES)


def declared(names: Iterable[str]) -> "list[Protocol]":
    """The protocols of these names, each once; other names are left out."""
    modules = [MODULES[name] for name in dict.fromkeys(names) if name in MODULES]
    return [import_module(module).PROTOCOL for module in modules]
