"""Every command that loads a model refuses its effects: exit 65, one line, and no effect."""

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from tests.support.serving import ROOT, clean_environment, free_port, gunicorn

MODULE = '''
from itertools import repeat
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

HERE = Path(__file__).parent


class Odd(RegressorMixin, BaseEstimator):
    """Doubles a number. Files beside it say what else it does."""

    def fit(self, rows, target):
        self.n_features_in_ = 1
        self.fitted_ = True
        return self

    def predict(self, rows):
        if (HERE / "writes").exists():
            try:
                (HERE / "flag").write_text("")
            except Exception:
                pass
        if (HERE / "hangs").exists():
            sum(repeat(0))
        if (HERE / "fills").exists():
            np.zeros(2**26)
        return 2 * np.asarray(rows, dtype=float)[:, 0]
'''
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module, its fitted estimator, rows, and an artifact that was packed in good faith."""
    place = tmp_path_factory.mktemp("odd")
    (place / "odd_model.py").write_text(MODULE)
    (place / "rows.csv").write_text("size\n1.5\n2.5\n4.0\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(place)
        odd = importlib.import_module("odd_model").Odd()
        joblib.dump(odd.fit([[1.0]], [2.0]), place / "model.joblib")
    assert run_in(place, *PACK, "--out", "artifact").returncode == 0
    return place


PACK = (
    *(sys.executable, "-m", "slipway", "pack", "model.joblib", "--sample", "rows.csv"),
    *("--trust", "odd_model"),
)
DOORS = {
    "pack": (*PACK, "--out", "new"),
    "check": (sys.executable, "-m", "slipway", "check", "artifact"),
    "predict": (sys.executable, "-m", "slipway", "predict", "artifact", "rows.csv", "out.csv"),
    "diff": (
        *(sys.executable, "-m", "slipway", "diff", "artifact", "artifact"),
        *("--trust", "odd_model"),
    ),
    "start": (*gunicorn(free_port()), "--config", str(ROOT / "gunicorn.conf.py"), "--check-config"),
}


def run_in(place: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = clean_environment(
        SERVICE_TRUSTED_MODULES="odd_model",
        SERVICE_MODEL="artifact",
        PYTHONPATH=f"{place}:{ROOT}",
        **settings,
    )
    return subprocess.run(
        command,
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def does(folder: Path) -> Iterator[Callable[[str], None]]:
    """Have the model do something, for a while."""
    made: list[Path] = []

    def does(what: str) -> None:
        made.append(folder / what)
        made[-1].touch()

    yield does
    for path in made:
        path.unlink()


@pytest.mark.parametrize("door", DOORS)
def test_an_effect_is_refused_at_every_door(
    door: str, folder: Path, does: Callable[[str], None]
) -> None:
    assert run_in(folder, *DOORS[door]).returncode == 0
    does("writes")
    done = run_in(folder, *DOORS[door])
    assert done.returncode == 65
    [line] = done.stderr.splitlines()
    assert "model.joblib: the model tried to open " in line
    assert "flag for writing" in line
    assert not (folder / "flag").exists()


@pytest.mark.parametrize("door", ["check", "predict", "start"])
def test_a_replay_that_never_ends_is_ended_at_every_door(
    door: str, folder: Path, does: Callable[[str], None]
) -> None:
    does("hangs")
    done = run_in(folder, *DOORS[door], SERVICE_LOAD_SECONDS="3")
    assert done.returncode == 65
    [line] = done.stderr.splitlines()
    assert "longer than 3 s" in line
    assert "SERVICE_LOAD_SECONDS" in line


def test_diff_has_options_for_the_limits(folder: Path, does: Callable[[str], None]) -> None:
    does("hangs")
    done = run_in(folder, *DOORS["diff"], "--load-seconds", "3")
    assert (done.returncode, len(done.stderr.splitlines())) == (65, 1)
    assert "--load-seconds" in done.stderr


@pytest.mark.parametrize("door", ["check", "start"])
def test_memory_has_a_bound_at_every_door(
    door: str, folder: Path, does: Callable[[str], None]
) -> None:
    does("fills")
    done = run_in(folder, *DOORS[door], SERVICE_LOAD_BYTES=str(2**28))
    assert done.returncode == 65
    [line] = done.stderr.splitlines()
    assert "SERVICE_LOAD_BYTES" in line


def test_a_model_of_many_threads_is_packed_if_the_environment_does_not_set_their_number(
    tmp_path: Path,
) -> None:
    """scikit-learn then counts the processors of the machine, which opens files."""
    rows = np.random.default_rng(0).normal(size=(200, 2))
    model = HistGradientBoostingClassifier(max_iter=5).fit(rows, rows[:, 0] > 0)
    joblib.dump(model, tmp_path / "model.joblib")
    np.savetxt(tmp_path / "rows.csv", rows, delimiter=",", header="a,b", comments="")
    command = [sys.executable, "-m", "slipway", "pack", "model.joblib", "--sample", "rows.csv"]
    environment = {
        name: value for name, value in clean_environment().items() if not name.endswith("_THREADS")
    }
    ended = subprocess.run(
        [*command, "--out", "out", "--engine", "sklearn"],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
