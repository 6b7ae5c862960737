"""Checks a description of the service: it is valid, and its example requests succeed."""

import json
from collections.abc import Callable
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator


def assert_holds(described: dict[str, Any], ask: Callable[[str, str], int]) -> None:
    """Check a description; `ask` sends a body of a media type, and returns the status."""
    assert list(OpenAPIV31SpecValidator(described).iter_errors()) == []
    content = described["paths"]["/predict"]["post"]["requestBody"]["content"]
    assert set(content) == {"application/json", "text/csv"}
    for media_type, media in content.items():
        assert media["examples"]
        for example in media["examples"].values():
            value = example["value"]
            sent = value if media_type == "text/csv" else json.dumps(value)
            assert ask(sent, media_type) == 200, sent
