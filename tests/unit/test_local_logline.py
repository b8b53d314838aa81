import orjson
import pytest

from tailrace.deploy.local.logline import lay_out


def record(**fields: object) -> bytes:
    return orjson.dumps(
        {"ts": "2026-05-04T10:00:00.123+00:00", "level": "info", "logger": "api", **fields}
    )


def test_json_line_shows_time_level_message_and_fields() -> None:
    [line] = lay_out(record(message="job created", job_id="0190", attempt=1))
    clock, rest = line.split(" ", 1)
    assert clock.endswith(".123")
    assert rest == "info    job created  job_id=0190  attempt=1"


def test_field_with_spaces_is_quoted() -> None:
    assert lay_out(record(message="m", why="a b"))[0].endswith('why="a b"')


def test_traceback_stands_below_its_line() -> None:
    lines = lay_out(record(message="m", traceback="Traceback:\n  File x\nValueError: y"))
    assert lines[1:] == ["  Traceback:", "    File x", "  ValueError: y"]


def test_numbers_and_nothing_are_shown_as_json() -> None:
    assert lay_out(record(message="m", a=1.5, b=None, c=True))[0].endswith("a=1.5  b=null  c=true")


@pytest.mark.parametrize(
    "line", [b"plain words", b"{not json", b'{"level":"info"}', b"[1]", b"", b"{" * 5000]
)
def test_any_other_line_is_shown_as_it_is(line: bytes) -> None:
    assert lay_out(line) == [line.decode()]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"\x1b[2Jgone", r"\x1b[2Jgone"),
        (b"a\rb", r"a\rb"),
        (b"crlf\r", "crlf"),
        ("\u202egnp.exe".encode(), r"\u202egnp.exe"),
        (b"\xff\xfe", r"\xff\xfe"),
        (orjson.dumps({"message": "\x1b]0;title\x07"}), r"\x1b]0;title\x07"),
        (orjson.dumps({"message": "m", "why": "\u2028"}), r"\u2028"),
    ],
)
def test_what_controls_a_terminal_is_spelled_out(line: bytes, shown: str) -> None:
    assert shown in lay_out(line)[0]


@pytest.mark.parametrize("ts", ["yesterday", 12, None, "9999-12-31T23:59:59+00:00"])
def test_a_strange_time_does_not_lose_the_line(ts: object) -> None:
    assert "kept" in lay_out(orjson.dumps({"ts": ts, "message": "kept"}))[0]
