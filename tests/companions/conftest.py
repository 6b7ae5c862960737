"""The environment of the companion libraries."""

from pathlib import Path

import pytest

from tests.support.pythons import python_of


@pytest.fixture(scope="module")
def python() -> Path:
    """The Python that has the libraries."""
    return python_of("companions")
