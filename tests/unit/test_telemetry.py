import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tailrace.shared.process.logging import JsonFormatter, configure_logging


def record(message: str, **extra: Any) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "worker", "levelname": "INFO", "msg": message})
    vars(made).update(extra)
    return made


def formatted(made: logging.LogRecord) -> dict[str, Any]:
    text = JsonFormatter().format(made)
    assert len(text.splitlines()) == 1
    return json.loads(text)


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Give the root logger back as it was, and the levels of the loggers that were made quiet."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("arq", "httpx", "openai")}
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def test_a_line_names_time_level_logger_and_message() -> None:
    line = formatted(record("worker ready"))
    at = datetime.fromisoformat(line.pop("ts"))

    assert line == {"level": "info", "logger": "worker", "message": "worker ready"}
    assert at.utcoffset() == timedelta(0)


def test_fields_follow_the_message_and_it_does_not_contain_them() -> None:
    line = formatted(record("job ended", job_id="j", attempt=2))

    assert (line["message"], line["job_id"], line["attempt"]) == ("job ended", "j", 2)


def test_a_message_with_line_breaks_stays_on_its_line() -> None:
    assert formatted(record("a\nb\r\nc"))["message"] == "a\nb\r\nc"


def test_a_traceback_stays_on_its_line() -> None:
    error = ValueError("a\nb")
    line = formatted(record("job failed", exc_info=(ValueError, error, None)))

    assert line["traceback"] == "ValueError: a\nb"


@pytest.mark.parametrize("value", [b"x", object(), {1, 2}, 1 + 2j], ids=lambda v: type(v).__name__)
def test_a_field_that_json_cannot_hold_is_written_as_its_repr(value: object) -> None:
    assert formatted(record("odd", value=value))["value"] == repr(value)


@pytest.mark.parametrize("value", ["\ud800", 2**70], ids=["a lone surrogate", "a big number"])
def test_no_line_is_lost_to_a_field_that_orjson_refuses(value: object) -> None:
    assert formatted(record("job failed", value=value))["message"] == "job failed"


@pytest.mark.usefixtures("own_logging")
def test_our_own_loggers_speak_at_the_level_that_is_set(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")
    logging.getLogger("worker").info("heard", extra={"job_id": "j"})
    logging.getLogger("worker").debug("not heard")

    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["job_id"] == "j"


@pytest.mark.usefixtures("own_logging")
def test_libraries_speak_from_warnings_up(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("DEBUG")
    logging.getLogger("httpx").info("a request")
    logging.getLogger("httpx").warning("a warning")

    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["message"] == "a warning"
