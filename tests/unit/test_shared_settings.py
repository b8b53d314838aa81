import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tailrace.api.settings import ApiSettings
from tailrace.shared.errors import ConfigurationError
from tailrace.shared.settings import SharedSettings, load_settings


def test_the_log_store_is_the_queue_store_unless_it_has_its_own_url(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TAILRACE_REDIS_URL", "redis://queue")
    assert load_settings(SharedSettings).log_store_url == "redis://queue"

    monkeypatch.setenv("TAILRACE_LOG_REDIS_URL", "redis://log")
    assert load_settings(SharedSettings).log_store_url == "redis://log"


def test_events_are_kept_a_day_records_a_week_open_jobs_a_month() -> None:
    settings = load_settings(SharedSettings)
    day = 24 * 3600

    assert (settings.events_ttl_s, settings.retention_s, settings.open_ttl_s) == (
        day,
        7 * day,
        30 * day,
    )


@pytest.mark.parametrize("value", ["0", "-1", "soon", "", "inf", "nan"])
@pytest.mark.parametrize("name", ["OPEN_TTL_S", "EVENTS_TTL_S", "RETENTION_S"])
def test_a_life_that_is_no_positive_number_of_seconds_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"TAILRACE_{name}", value)

    with pytest.raises(ConfigurationError, match=f"TAILRACE_{name}: "):
        load_settings(SharedSettings)


def test_every_wrong_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILRACE_OPEN_TTL_S", "0")
    monkeypatch.setenv("TAILRACE_LOG_LEVEL", "LOUD")

    with pytest.raises(ConfigurationError, match=r"TAILRACE_OPEN_TTL_S: .*TAILRACE_LOG_LEVEL: "):
        load_settings(SharedSettings)


def test_variables_of_others_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILRACE_SOMETHING_NEW", "1")

    load_settings(SharedSettings)


def test_settings_do_not_change() -> None:
    settings: Any = SharedSettings()

    with pytest.raises(ValidationError):
        settings.open_ttl_s = 1


def test_dotenv_fills_in_what_the_environment_leaves_open(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PYTHON_DOTENV_DISABLED")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TAILRACE_LOG_LEVEL", "ERROR")
    # What the file adds to the environment goes with this.
    monkeypatch.setenv("TAILRACE_REDIS_URL", "")
    monkeypatch.delenv("TAILRACE_REDIS_URL")
    Path(".env").write_text("TAILRACE_LOG_LEVEL=DEBUG\nTAILRACE_REDIS_URL=redis://from-file\n")

    settings = load_settings(SharedSettings)

    assert settings.log_level == "ERROR"
    assert settings.redis_url == "redis://from-file"


@pytest.mark.parametrize(
    "stores",
    [
        {"REDIS_URL": "redis://cache.example.com:6379/0"},
        {"REDIS_URL": "redis://10.0.0.7"},
        {"LOG_REDIS_URL": "redis+cluster://127.0.0.1:7000"},
    ],
    ids=str,
)
def test_errors_are_not_shown_where_the_store_is_elsewhere(
    monkeypatch: pytest.MonkeyPatch, stores: dict[str, str]
) -> None:
    for name, value in {"SHOW_ERRORS": "1", **stores}.items():
        monkeypatch.setenv(f"TAILRACE_{name}", value)
    with pytest.raises(ConfigurationError, match="TAILRACE_SHOW_ERRORS=1"):
        load_settings(SharedSettings)


@pytest.mark.parametrize(
    "url", ["unix:///run/store.sock", "redis://[::1]:6379", "redis://localhost"]
)
def test_errors_may_be_shown_where_the_store_is_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("TAILRACE_SHOW_ERRORS", "1")
    monkeypatch.setenv("TAILRACE_REDIS_URL", url)
    assert load_settings(SharedSettings).show_errors


HASH = "0" * 64


@pytest.fixture
def keys_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "api_keys"
    file.write_text(f"ann:{HASH}\n")
    monkeypatch.setenv("TAILRACE_API_KEYS_FILE", str(file))
    return file


@pytest.mark.usefixtures("keys_file")
def test_a_secret_comes_from_the_file_that_is_named_in_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As Compose gives a variable that is not set.
    monkeypatch.setenv("TAILRACE_API_KEYS", "")
    assert load_settings(ApiSettings).api_keys == {HASH: "ann"}
    assert HASH not in os.environ["TAILRACE_API_KEYS"]


def test_every_secret_of_the_processes_can_come_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "TAILRACE_REDIS_URL": "redis://:s3cret@queue",
        "TAILRACE_LOG_REDIS_URL": "redis://:s3cret@log",
        "TAILRACE_SECRET": "s" * 16,
        "OPENAI_API_KEY": "sk-mine",
    }
    for name, value in given.items():
        (tmp_path / name).write_text(value)
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    monkeypatch.setenv("OPENAI_API_KEY", "")
    settings = load_settings(ApiSettings)
    assert settings.secret
    assert (settings.redis_url, settings.log_store_url, settings.secret.get_secret_value()) == (
        "redis://:s3cret@queue",
        "redis://:s3cret@log",
        "s" * 16,
    )
    assert os.environ["OPENAI_API_KEY"] == "sk-mine"
    assert load_settings(ApiSettings) == settings


@pytest.mark.parametrize("content", ["", "\n"])
def test_an_empty_file_of_keys_does_not_open_the_service(keys_file: Path, content: str) -> None:
    keys_file.write_text(content)
    with pytest.raises(ConfigurationError, match=r"TAILRACE_API_KEYS_FILE: .* is empty"):
        load_settings(ApiSettings)


def test_a_file_that_is_not_there_is_named(keys_file: Path) -> None:
    keys_file.unlink()
    with pytest.raises(ConfigurationError, match=r"TAILRACE_API_KEYS_FILE: .* can't be read"):
        load_settings(ApiSettings)


@pytest.mark.usefixtures("keys_file")
def test_a_value_beside_its_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAILRACE_API_KEYS", f"bob:{HASH}")
    with pytest.raises(ConfigurationError, match="TAILRACE_API_KEYS_FILE are both set"):
        load_settings(ApiSettings)


def test_what_a_file_holds_is_checked_like_any_value(keys_file: Path) -> None:
    keys_file.write_text("no pair")
    with pytest.raises(ConfigurationError, match=r"TAILRACE_API_KEYS: .*expected tenant:hash"):
        load_settings(ApiSettings)
