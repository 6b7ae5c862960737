"""The only reader of the environment: names, values, and errors for invalid ones."""

import os
from dataclasses import fields

import pytest

from service import renamed_settings
from service.renamed_settings import release
from service.settings import Settings, SettingsError


def test_an_empty_environment_gives_the_promised_defaults() -> None:
    settings = Settings.from_environment({})
    assert settings.model == "artifacts/model"
    assert settings.max_rows == 10_000
    assert settings.max_answer_values == 1_000_000
    assert settings.max_body_bytes == 1024 * 1024
    assert settings.traces is False
    assert settings.fast_path is True


def test_every_setting_is_read_under_its_name() -> None:
    given = {
        "SERVICE_MODEL": "/models/churn",
        "SERVICE_MODEL_SHA256": "b" * 64,
        "SERVICE_FETCH_SECONDS": "6",
        "SERVICE_LOAD_SECONDS": "61",
        "SERVICE_LOAD_BYTES": "4294967297",
        "SERVICE_MAX_ROWS": "7",
        "SERVICE_MAX_ANSWER_VALUES": "13",
        "SERVICE_MAX_BODY_BYTES": "8",
        "SERVICE_BODY_SECONDS": "9",
        "SERVICE_QUEUE_SECONDS": "0.01",
        "SERVICE_DEADLINE_SECONDS": "0.011",
        "SERVICE_DRAIN_SECONDS": "0",
        "SERVICE_METRICS_PORT": "12",
        "SERVICE_API_KEYS": f"{'0' * 64},mobile:{'a' * 64}",
        "SERVICE_HOSTS": "api.example.com, *.example.org,[::1],10.0.0.1,localhost",
        "SERVICE_PROTOCOLS": "oip,mlflow",
        "SERVICE_OIP_OUTPUTS": "predict, top two",
        "SERVICE_EXTRA_COLUMNS": "ignore",
        "SERVICE_TRUSTED_MODULES": "mine.features, theirs",
        "SERVICE_TRUSTED_CODE": f"sha256:{'c' * 64},sha256:{'d' * 64}",
        "SERVICE_FAST_PATH": "false",
        "SERVICE_TRACES": "true",
        "SERVICE_LOG_LEVEL": "error",
    }
    settings = Settings.from_environment(given)
    assert {f"SERVICE_{field.name.upper()}" for field in fields(Settings)} == set(given)
    assert settings.model == "/models/churn"
    assert (settings.model_sha256, settings.fetch_seconds) == ("b" * 64, 6)
    assert (settings.load_seconds, settings.load_bytes) == (61, 4294967297)
    assert (settings.max_rows, settings.max_body_bytes, settings.body_seconds) == (7, 8, 9)
    assert (settings.queue_seconds, settings.deadline_seconds) == (0.01, 0.011)
    assert settings.drain_seconds == 0
    assert (settings.metrics_port, settings.max_answer_values) == (12, 13)
    assert settings.api_keys == ("0" * 64, f"mobile:{'a' * 64}")
    assert settings.hosts == (
        *("api.example.com", "*.example.org", "[::1]", "10.0.0.1", "localhost"),
    )
    assert settings.protocols == ("oip", "mlflow")
    assert settings.oip_outputs == ("predict", "top two")
    assert settings.extra_columns == "ignore"
    assert settings.trusted_modules == ("mine.features", "theirs")
    assert settings.trusted_code == (f"sha256:{'c' * 64}", f"sha256:{'d' * 64}")
    assert settings.traces is True
    assert settings.fast_path is False
    assert settings.log_level == "error"


def test_names_of_others_are_left_alone() -> None:
    given = {"WEB_CONCURRENCY": "4", "MY_SERVICE_MAX_ROWS": "x", "PORT": "80"}
    assert Settings.from_environment(given) == Settings()


def test_a_misspelt_name_is_refused_with_the_likely_one() -> None:
    with pytest.raises(SettingsError, match="SERVICE_MAXROWS.*did you mean SERVICE_MAX_ROWS?"):
        Settings.from_environment({"SERVICE_MAXROWS": "7"})


def test_several_settings_in_one_variable_win_over_their_own() -> None:
    given = {
        "SERVICE_SETTINGS": " SERVICE_PROTOCOLS=oip  SERVICE_MAX_ROWS=7\nSERVICE_QUEUE_MS=90",
        "SERVICE_MAX_ROWS": "8",
        "SERVICE_LOG_LEVEL": "error",
    }
    found = Settings.from_environment(given)
    assert (found.protocols, found.max_rows, found.log_level) == (("oip",), 7, "error")
    assert found.queue_seconds == 0.09
    assert Settings.from_environment({"SERVICE_SETTINGS": ""}) == Settings()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "MAX_ROWS=7",
            r"SERVICE_SETTINGS: 'MAX_ROWS=7' is not a setting like SERVICE_MAX_ROWS=100",
        ),
        ("SERVICE_MAX_ROWS", "is not a setting like"),
        ("SERVICE_SETTINGS=1", "is not a setting like"),
        (
            "SERVICE_MAX_ROWS=7 SERVICE_MAX_ROWS=8",
            "SERVICE_SETTINGS: SERVICE_MAX_ROWS is set twice",
        ),
        ("SERVICE_MAXROWS=7", "SERVICE_MAXROWS is not a setting; did you mean SERVICE_MAX_ROWS"),
        ("SERVICE_MAX_ROWS=x", "SERVICE_MAX_ROWS is 'x'; it must be a whole number"),
    ],
)
def test_a_fault_in_that_variable_is_named(text: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        Settings.from_environment({"SERVICE_SETTINGS": text})


FORMER = [  # a former name with a value, and what it is now
    ("SERVICE_DIALECTS", "oip,mlflow", "SERVICE_PROTOCOLS", "protocols", ("oip", "mlflow")),
    ("SERVICE_QUEUE_MS", "90", "SERVICE_QUEUE_SECONDS, in seconds", "queue_seconds", 0.09),
    (
        "SERVICE_DEADLINE_MS",
        "2500",
        "SERVICE_DEADLINE_SECONDS, in seconds",
        "deadline_seconds",
        2.5,
    ),
]


@pytest.mark.parametrize(("name", "text", "now", "field", "value"), FORMER)
def test_a_renamed_setting_is_read_with_a_warning(
    name: str, text: str, now: str, field: str, value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert getattr(Settings.from_environment({name: text}), field) == value
    assert capsys.readouterr().err == (
        f"slipway: warning: {name}: it was renamed: set {now}; "
        "release 0.2 refuses the former name\n"
    )


@pytest.mark.parametrize(("name", "text", "now", "field", "value"), FORMER)
@pytest.mark.parametrize("version", ["0.2.0", "1.0.3"])
def test_the_next_minor_release_refuses_the_former_name(
    name: str,
    text: str,
    now: str,
    field: str,
    value: object,
    version: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = release(version)
    monkeypatch.setattr(renamed_settings, "release", lambda: found)
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({name: text})
    assert str(caught.value) == f"{name} is not a setting; it was renamed: set {now}"


def test_a_former_name_beside_the_new_one_is_refused() -> None:
    given = {"SERVICE_QUEUE_MS": "90", "SERVICE_QUEUE_SECONDS": "0.1"}
    with pytest.raises(SettingsError, match="SERVICE_QUEUE_MS is not a setting; it was renamed"):
        Settings.from_environment(given)


@pytest.mark.parametrize("text", ["0.09", "-1", "ninety", "9" * 30])
def test_a_value_of_a_former_name_is_checked_as_one_of_the_new(text: str) -> None:
    with pytest.raises(SettingsError, match="SERVICE_QUEUE_SECONDS is"):
        Settings.from_environment({"SERVICE_QUEUE_MS": text})


def test_a_name_unlike_any_is_refused_with_all_that_there_are() -> None:
    with pytest.raises(SettingsError, match="SERVICE_XYZ is not.*SERVICE_MODEL.*SERVICE_MAX_ROWS"):
        Settings.from_environment({"SERVICE_XYZ": "7"})


@pytest.mark.parametrize("value", ["", "0", "-1", "1.5", "1_000", "ten", "１２", "9" * 30, "1e3"])
def test_a_number_that_is_none_is_refused_with_its_name_and_range(value: str) -> None:
    with pytest.raises(SettingsError, match="SERVICE_MAX_ROWS is .*whole number, 1 to"):
        Settings.from_environment({"SERVICE_MAX_ROWS": value})


@pytest.mark.parametrize("value", ["", "0", "0.0", "-1", "1.", ".5", "1e3", "nan", "inf", "9" * 30])
def test_a_time_that_is_none_is_refused_with_its_name_and_unit(value: str) -> None:
    with pytest.raises(SettingsError, match="SERVICE_QUEUE_SECONDS is .*number of seconds above 0"):
        Settings.from_environment({"SERVICE_QUEUE_SECONDS": value})


@pytest.mark.parametrize(("value", "seconds"), [("0.09", 0.09), ("2", 2.0), ("000.500", 0.5)])
def test_a_time_may_have_decimals(value: str, seconds: float) -> None:
    settings = Settings.from_environment({"SERVICE_DEADLINE_SECONDS": value})
    assert settings.deadline_seconds == seconds


@pytest.mark.parametrize("value", ["", "1", "yes", "True", " true"])
def test_a_switch_is_true_or_false_and_nothing_else(value: str) -> None:
    with pytest.raises(SettingsError, match="SERVICE_TRACES is .*true or false"):
        Settings.from_environment({"SERVICE_TRACES": value})
    assert Settings.from_environment({"SERVICE_TRACES": "false"}).traces is False


@pytest.mark.parametrize("value", ["0", "30", "300"])
def test_a_time_for_bodies_that_gunicorn_would_not_wait_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="SERVICE_BODY_SECONDS is .*whole number, 1 to 29"):
        Settings.from_environment({"SERVICE_BODY_SECONDS": value})


@pytest.mark.parametrize("value", ["", "loud", "INFO"])
def test_a_log_level_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="SERVICE_LOG_LEVEL"):
        Settings.from_environment({"SERVICE_LOG_LEVEL": value})


@pytest.mark.parametrize(
    "value", ["", "*", "*.", "a.*", "A.example", "a:80", "a,,b", "http://a", ".a", "a.", "é"]
)
def test_a_host_name_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="SERVICE_HOSTS must be host names"):
        Settings.from_environment({"SERVICE_HOSTS": value})


@pytest.mark.parametrize("value", ["", "a b", "a,,b", "os.*", "1a", "-"])
def test_a_module_name_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="SERVICE_TRUSTED_MODULES must be module names"):
        Settings.from_environment({"SERVICE_TRUSTED_MODULES": value})


@pytest.mark.parametrize(
    "value", ["", "secret", "A" * 64, "a" * 63, f"{'a' * 64},", f":{'a' * 64}", f"é:{'a' * 64}"]
)
def test_a_digest_that_is_none_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(SettingsError, match="SERVICE_API_KEYS must be SHA-256") as caught:
        Settings.from_environment({"SERVICE_API_KEYS": value})
    assert not value or value not in str(caught.value)


@pytest.mark.parametrize("value", ["s3://models/churn/1/", "s3://models", "s3:/models", "a b/c"])
def test_a_model_is_a_folder_or_on_s3(value: str) -> None:
    assert Settings.from_environment({"SERVICE_MODEL": value}).model == value


@pytest.mark.parametrize(
    "value", ["s3://", "s3:///churn", "S3://models/churn", "https://models/churn", "s3://a b/c"]
)
def test_a_model_elsewhere_is_refused_with_what_it_may_be(value: str) -> None:
    with pytest.raises(SettingsError, match="SERVICE_MODEL is .*a folder, or s3://bucket/prefix/"):
        Settings.from_environment({"SERVICE_MODEL": value})


@pytest.mark.parametrize("value", ["", "sha256:" + "a" * 64, "A" * 64, "a" * 63])
def test_a_model_s_digest_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="SERVICE_MODEL_SHA256 is "):
        Settings.from_environment({"SERVICE_MODEL_SHA256": value})


def test_an_empty_path_is_refused() -> None:
    with pytest.raises(SettingsError, match="SERVICE_MODEL is empty"):
        Settings.from_environment({"SERVICE_MODEL": ""})


def test_settings_errors_are_one_line_and_the_sysexits_code_for_configuration() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"SERVICE_MAX_ROWS": "a\nb" * 100})
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == os.EX_CONFIG == 78


def test_every_setting_has_its_help() -> None:
    assert all(field.metadata["help"] for field in fields(Settings))
