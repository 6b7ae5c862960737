"""The cache of the environments that have other versions of scikit-learn."""

import pytest

from tests.versions.grid import CACHE


@pytest.fixture(autouse=True)
def _cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `pack` keep its environments in the cache of the tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(CACHE))
