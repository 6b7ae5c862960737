"""The file that CatBoost exports a model to is closed, and opened only for CatBoost's models."""

import subprocess
import sys

import pytest

from tests.support.serving import ROOT, clean_environment

OPENED = (
    "from training.companions import catboost_model as m; print(m.export_file.cache_info().misses)"
)


@pytest.mark.parametrize(("loaded", "opened"), [("", "0"), ("sys.modules['catboost'] = sys;", "1")])
def test_a_process_ends_without_a_warning_of_an_unclosed_file(loaded: str, opened: str) -> None:
    code = (
        f"import sys; {loaded} from training.companions import readers; readers.prepare(); {OPENED}"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "always", "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=clean_environment(),
    )
    assert (ended.stdout.strip(), ended.stderr) == (opened, "")
