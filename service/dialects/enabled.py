"""The dialects that this service speaks besides its own: only those are imported."""

import re
from importlib import import_module
from types import ModuleType

from flask import Flask

from service.api.answers import Answers
from service.settings import Settings, SettingsError

ROOMS = {
    "lambda": "aws_lambda.route",
    "oip": "oip.route",
    "sagemaker": "invocations",
    "mlflow": "invocations",
}


def init_app(app: Flask, settings: Settings, answers: Answers) -> None:
    """Give the app the routes of each; SettingsError for what cannot be meant."""
    for room in _rooms(settings):
        room.init_app(app, settings, answers)


def predictions(settings: Settings) -> re.Pattern[str] | None:
    """The paths whose requests reach the model, and so need their turn; None if there are none."""
    paths = [room.PREDICTIONS for room in _rooms(settings)]
    return re.compile("|".join(paths)) if paths else None


def _rooms(settings: Settings) -> list[ModuleType]:
    if "none" in settings.dialects and len(settings.dialects) > 1:
        raise SettingsError("SERVICE_DIALECTS names none and others; leave out one or the other")
    names = dict.fromkeys(ROOMS[name] for name in settings.dialects if name in ROOMS)
    return [import_module(f"service.dialects.{name}") for name in names]
