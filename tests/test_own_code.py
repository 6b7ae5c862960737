"""Code that an artifact brings runs only if the operator names its digest."""

import hashlib
import json
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from service.app import create_app
from service.model import own_code, trust, unpickling
from service.model.artifact import ArtifactError, ChecksumError, ManifestError
from service.model.own_code import CodeError
from service.model.predictor import Predictor
from service.model.trust import UntrustedError
from service.settings import Settings, SettingsError
from tests.support.own_code import forgotten, saved
from tests.support.serving import ROOT
from training.__main__ import main

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    with forgotten():
        yield


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("script"))


@pytest.fixture(scope="module")
def brought(script: Path) -> Path:
    """An artifact with the code of a class of a script."""
    with forgotten():
        assert pack(script, "--code", f"{script / 'readings.py'}:Ratio") == 0
    assert not (script / "ran").exists(), "the script ran"
    return script / "artifact"


@pytest.fixture
def own(brought: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(brought, tmp_path / "artifact"))


def pack(folder: Path, *options: str) -> int:
    sample = str(folder / "rows.csv")
    named = ("--sample", sample, "--target", "y", "--out", str(folder / "artifact"))
    return main(["pack", str(folder / "model.joblib"), *named, "--no-report", *options])


def digest_of(artifact: Path) -> str:
    return str(json.loads((artifact / "manifest.json").read_text())["code"]["digest"])


def refused(folder: Path, *digests: str) -> str:
    with pytest.raises(ArtifactError) as caught:
        Predictor.load(folder, trusted_code=digests)
    return str(caught.value)


def test_it_brings_what_the_class_needs_and_no_more(brought: Path) -> None:
    text = (brought / "code/readings.py").read_text()
    assert "class Ratio" in text
    assert "LEAST = 1e-3" in text
    assert "def away_from_zero" in text
    for left_out in ('open("ran"', "joblib", "pandas", "def unused", "__main__"):
        assert left_out not in text


def test_without_its_digest_it_is_refused_with_the_line_to_set(
    brought: Path, script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = digest_of(brought)
    monkeypatch.delenv("SERVICE_TRUSTED_CODE", raising=False)
    command = [sys.executable, "-m", "service", "check", str(brought)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (65, "", 1)
    assert "brings code of its own (readings)" in ended.stderr
    assert ended.stderr.endswith(f"SERVICE_TRUSTED_CODE={digest}\n")
    monkeypatch.setenv("SERVICE_TRUSTED_CODE", f"sha256:{'0' * 64}, {digest}")
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_another_digest_is_not_enough_and_imports_nothing(brought: Path) -> None:
    assert "is not trusted" in refused(brought, f"sha256:{'0' * 64}", "none")
    assert "readings" not in sys.modules


def test_with_its_digest_it_answers_as_the_model_did(brought: Path, script: Path) -> None:
    predictor = Predictor.load(brought, trusted_code=[digest_of(brought)])
    rows = np.loadtxt(script / "rows.csv", delimiter=",", skiprows=1)
    found = predictor.predict({"one": rows[:, 0], "other": rows[:, 1]}, confidence=True)
    np.testing.assert_allclose(found["probabilities"], np.load(script / "expected.npy"), 1e-12)


def test_the_page_and_the_manifest_show_that_it_runs(brought: Path) -> None:
    digest = digest_of(brought)
    predictor = Predictor.load(brought, trusted_code=[digest])
    client = create_app(Settings(), predictor).test_client()
    manifest = json.loads(client.get("/model").data)
    assert manifest["code"] == {"digest": digest, "modules": ["readings"]}
    page = client.get("/").text
    assert "brings code of its own, <code>readings</code>, which the operator trusts" in page
    assert digest in page.replace("</code><wbr><code>", "")


def test_the_page_of_another_model_does_not_mention_code(predictor: Predictor) -> None:
    assert "code of its own" not in create_app(Settings(), predictor).test_client().get("/").text


def test_the_digest_is_that_of_what_sha256sum_prints(brought: Path) -> None:
    content = (brought / "code/readings.py").read_bytes()
    listed = f"{hashlib.sha256(content).hexdigest()}  code/readings.py\n"
    assert digest_of(brought) == f"sha256:{hashlib.sha256(listed.encode()).hexdigest()}"


def test_a_changed_file_is_refused_before_it_is_imported(own: Path) -> None:
    path = own / "code/readings.py"
    path.write_bytes(path.read_bytes().replace(b"LEAST = 1e-3", b"LEAST = 2e-3"))
    with pytest.raises(ChecksumError, match=r"readings\.py: its sha256 is"):
        Predictor.load(own, trusted_code=[digest_of(own)])
    assert "readings" not in sys.modules


def test_a_manifest_that_names_the_trusted_digest_for_other_code_is_refused(own: Path) -> None:
    trusted = digest_of(own)
    path = own / "code/readings.py"
    path.write_bytes(path.read_bytes().replace(b"LEAST = 1e-3", b"LEAST = 2e-3"))
    manifest = json.loads((own / "manifest.json").read_text())
    entry = manifest["files"]["code/readings.py"]
    entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (own / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ManifestError, match="its code is not the one that it lists"):
        Predictor.load(own, trusted_code=[trusted])


@pytest.mark.parametrize("name", ["code/../up.py", "code/data.csv", "code/.x.py", "code/a-b.py"])
def test_other_files_are_no_code(own: Path, name: str) -> None:
    manifest = json.loads((own / "manifest.json").read_text())
    manifest["files"][name] = {"sha256": "0" * 64, "bytes": 0}
    (own / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ManifestError, match="not a file of an artifact"):
        Predictor.load(own)


class Asking:
    """A pickle that calls a function, which sets a flag."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def __reduce__(self) -> Any:
        return self.function, ()


FLAGS = b"""
from collections import Counter

flags = []

def mark():
    flags.append(1)

class Own:
    pass
"""


@pytest.mark.parametrize("name", ["mark", "Counter"])
def test_a_pickle_makes_objects_of_its_classes_and_calls_no_function_of_it(name: str) -> None:
    code = own_code.install({"code/flagged.py": FLAGS})
    module = sys.modules["flagged"]
    content = pickle.dumps(Asking(module.mark))
    if name == "Counter":  # which the module imports, and has not defined
        content = b"cflagged\nCounter\n)R."
    with pytest.raises(UntrustedError):
        unpickling.load(content, code=code)
    assert unpickling.inspect(content, code=code).untrusted
    assert module.flags == []
    assert type(unpickling.load(pickle.dumps(module.Own()), code=code)) is module.Own
    assert unpickling.load(pickle.dumps({"kept": module.mark}), code=code)["kept"] is module.mark


@pytest.mark.parametrize("name", ["numpy", "flask", "os", "service", "cloudpickle"])
def test_code_takes_the_place_of_no_library(name: str) -> None:
    with pytest.raises(CodeError, match=f"its module {name} has the name of a library"):
        own_code.install({f"code/{name}.py": b""})


def test_code_takes_the_place_of_no_other_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flagged", ModuleType("flagged"))
    with pytest.raises(CodeError, match="another module flagged is loaded already"):
        own_code.install({"code/flagged.py": FLAGS})


def test_the_code_of_the_artifact_loaded_last_is_in_force() -> None:
    own_code.install({"code/flagged.py": FLAGS})
    first = sys.modules["flagged"]
    own_code.install({"code/flagged.py": FLAGS})
    assert sys.modules["flagged"] is first
    own_code.install({"code/flagged.py": b"flags = 2"})
    assert sys.modules["flagged"].flags == 2


@pytest.mark.parametrize("by", ["options", "the setting that the refusal names"])
def test_two_artifacts_with_other_code_are_compared(
    by: str, brought: Path, tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path)
    path = tmp_path / "readings.py"
    path.write_text(path.read_text().replace("LEAST = 1e-3", "LEAST = 10.0"))
    assert pack(tmp_path, "--code", f"{path}:Ratio") == 0
    capsys.readouterr()
    digests = [digest_of(one) for one in (brought, tmp_path / "artifact")]
    trusted = []
    if by == "options":
        trusted = [part for one in digests for part in ("--trust-code", one)]
    else:
        monkeypatch.setenv("SERVICE_TRUSTED_CODE", ",".join(digests))
    assert main(["diff", str(brought), str(tmp_path / "artifact"), *trusted]) == 1
    printed = capsys.readouterr().out
    assert f"BREAKS  needs SERVICE_TRUSTED_CODE={digests[1]}" in printed


def test_code_that_cannot_be_imported_is_reported_in_one_line() -> None:
    with pytest.raises(CodeError, match=r"its module odd cannot be imported \(ModuleNotFoundError"):
        own_code.install({"code/odd.py": b"import not_there_at_all"})


def test_a_package_is_brought_whole_and_found_by_its_own_imports(tmp_path: Path) -> None:
    package = tmp_path / "steps_of_mine"
    (package / "deep").mkdir(parents=True)
    (package / "deep/sizes.py").write_text("FACTOR = 2.0\n")
    (package / "scaling.py").write_text(
        "from sklearn.base import BaseEstimator, TransformerMixin\n"
        "from steps_of_mine.deep.sizes import FACTOR\n"
        "class Scaling(TransformerMixin, BaseEstimator):\n"
        "    def fit(self, X, y=None):\n        return self\n"
        "    def transform(self, X):\n        return X * FACTOR\n"
    )
    rows = "x,y\n" + "".join(f"{row},{row % 2}\n" for row in range(30))
    (tmp_path / "rows.csv").write_text(rows)
    fit = (
        "import joblib, numpy as np; from steps_of_mine.scaling import Scaling\n"
        "from sklearn.linear_model import LogisticRegression as L\n"
        "from sklearn.pipeline import make_pipeline\n"
        "x = np.arange(30.0)[:, None]\n"
        "joblib.dump(make_pipeline(Scaling(), L()).fit(x, np.arange(30) % 2), 'model.joblib')\n"
    )
    subprocess.run([sys.executable, "-c", fit], cwd=tmp_path, check=True)
    assert pack(tmp_path, "--code", str(package)) == 0
    manifest = json.loads((tmp_path / "artifact/manifest.json").read_text())
    assert manifest["code"]["modules"] == ["steps_of_mine.deep.sizes", "steps_of_mine.scaling"]
    assert pack(tmp_path, "--code", str(package)) == 0  # it takes its own place


def test_an_effect_of_its_code_is_refused(tmp_path: Path, capsys: Said) -> None:
    saved(tmp_path)
    path = tmp_path / "readings.py"
    trap = tmp_path / "trap"
    begin = "    def transform(self, X):\n"
    spoilt = path.read_text().replace(begin, f"{begin}        open({str(trap)!r}, 'w')\n")
    path.write_text(spoilt)
    assert pack(tmp_path, "--code", f"{path}:Ratio") == 65
    assert "the model tried to open" in capsys.readouterr().err
    assert not trap.exists()


def test_a_class_of_main_is_refused_with_the_way_out(script: Path, capsys: Said) -> None:
    assert pack(script) == 65
    printed = capsys.readouterr().err
    assert "--code SCRIPT.py:Ratio, or move it to a module, such as ratio.py" in printed


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("readings.py:Ration", "defines no Ration; it defines BaseEstimator, LEAST, "),
        ("nothing.py", "there is no Python file"),
        ("rows.csv", "is no Python file"),
        ("model.joblib:Ratio", "is no script and no notebook"),
    ],
)
def test_code_that_cannot_be_used_is_reported(
    script: Path, capsys: Said, code: str, why: str
) -> None:
    assert pack(script, "--code", str(script / code)) == 65
    assert why in capsys.readouterr().err


def test_a_notebook_is_read_without_the_lines_of_its_shell(script: Path, tmp_path: Path) -> None:
    for name in ("model.joblib", "rows.csv"):
        shutil.copy(script / name, tmp_path)
    source = ["%matplotlib inline\n", *(script / "readings.py").read_text().splitlines(True)]
    cells = [{"cell_type": "markdown", "source": ["# x"]}, {"cell_type": "code", "source": source}]
    (tmp_path / "readings.ipynb").write_text(json.dumps({"cells": cells}))
    assert pack(tmp_path, "--code", f"{tmp_path / 'readings.ipynb'}:Ratio") == 0


def test_what_onnx_runtime_serves_needs_no_trust(tmp_path: Path) -> None:
    rows = np.arange(60.0).reshape(30, 2)
    joblib.dump(LogisticRegression().fit(rows, np.arange(30) % 2), tmp_path / "model.joblib")
    lines = [f"{one},{other},{row % 2}\n" for row, (one, other) in enumerate(rows)]
    (tmp_path / "rows.csv").write_text("one,other,y\n" + "".join(lines))
    (tmp_path / "unneeded.py").write_text("class Own:\n    pass\n")
    assert pack(tmp_path, "--code", str(tmp_path / "unneeded.py"), "--engine", "onnx") == 0
    with forgotten():
        predictor = Predictor.load(tmp_path / "artifact")
        assert "unneeded" not in sys.modules
    assert "does not run here" in create_app(Settings(), predictor).test_client().get("/").text


def test_what_a_pickle_of_cloudpickle_lacks_is_reported() -> None:
    refusal = unpickling.inspect(b"ccloudpickle.cloudpickle\n_make_function\n)R.").untrusted[0]
    assert "put the code into a function of a module" in trust.refusal(refusal, "--trust ")
    assert "--code MODULE.py" in trust.refusal(refusal, "--trust ")


@pytest.mark.parametrize("value", ["0" * 64, "sha256:12", "readings"])
def test_a_digest_that_is_none_is_no_setting(value: str) -> None:
    with pytest.raises(SettingsError, match="SERVICE_TRUSTED_CODE must be sha256:"):
        Settings.from_environment({"SERVICE_TRUSTED_CODE": value})
