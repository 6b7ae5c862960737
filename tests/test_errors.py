"""Errors that end a command: their exit codes, and other people's errors in one line."""

import ast

import pytest

from service.model.artifact import ArtifactError, MissingError, UnavailableError
from service.model.errors import SlipwayError, one_line
from service.settings import SettingsError
from tests.support.described import described
from tests.support.models import MODEL_CASES
from tests.support.reported import ANSWERS, packed
from tests.test_architecture import files
from training import errors
from training.conversion import encoder_tables
from training.conversion.convert import convert
from training.errors import ConversionError, GateError, MissingFileError, PackError
from training.estimators.fitted_model import FittedModel
from training.report import write


def test_every_error_with_an_exit_code_has_the_one_base() -> None:
    classes = [
        node
        for path in files("service", "training")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    ]
    bases = {one.name: {ast.unparse(base) for base in one.bases} for one in classes}
    for one in classes:
        if "exit_code" in ast.unparse(one) and one.name != "SlipwayError":
            above = bases[one.name]
            while "SlipwayError" not in above and above & bases.keys():
                above = set().union(*(bases.get(name, set()) for name in above))
            assert "SlipwayError" in above, one.name


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (SlipwayError, 65),
        (ArtifactError, 65),
        (MissingError, 66),
        (UnavailableError, 69),
        (SettingsError, 78),
        (PackError, 65),
        (GateError, 65),
        (MissingFileError, 66),
    ],
)
def test_exit_codes_are_those_of_sysexits(kind: type[SlipwayError], code: int) -> None:
    assert kind("what is wrong").exit_code == code  # EX_DATAERR and others of <sysexits.h>


def test_the_text_of_an_error_is_one_line_without_control_characters() -> None:
    assert str(SettingsError("a\x1b[2J\nb")) == "a [2J b"
    assert one_line(ValueError("two\n  lines")) == "ValueError: two lines"
    assert one_line(ValueError()) == "ValueError"
    assert one_line("a\tb" * 100, 5) == "a ba"
    assert len(one_line(KeyError("x" * 999))) == 200


def test_a_fault_of_a_converter_does_not_pass_for_a_model_that_cannot_be_converted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case, signature, _ = described("mixed table, ordinal codes")
    monkeypatch.setattr(encoder_tables, "MAX_TABLES", "many")
    with pytest.raises(TypeError):
        convert(FittedModel(case.estimator), signature)
    monkeypatch.setattr(errors, "strict", False)
    with pytest.raises(ConversionError, match="TypeError"):
        convert(FittedModel(case.estimator), signature)


def test_a_fault_of_the_report_does_not_pass_for_a_model_without_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = MODEL_CASES["logistic regression, string labels"]()
    monkeypatch.setattr(write, "MAX_OUTPUTS", "many")
    with pytest.raises(TypeError):
        packed(case.estimator, case.rows, {"answer": ANSWERS["logistic regression, string labels"]})
    monkeypatch.setattr(errors, "strict", False)
    packed(case.estimator, case.rows, {"answer": ANSWERS["logistic regression, string labels"]})
    assert "has no report, for it failed (TypeError" in capsys.readouterr().err
