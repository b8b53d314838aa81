"""One line of output as a person reads it: JSON log lines laid out, all others as they are.

Pure. Nothing that a process prints may move the cursor or recolour the terminal: what controls or
reorders text is shown as an escape.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import cast

import orjson

LAID_OUT = frozenset({"ts", "level", "logger", "message", "traceback", "color_message"})
"""Shown in a place of their own, or left out: uvicorn says everything twice, once in colour."""
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
PLAIN = re.compile(r"[^\s\"=\\]+")


def lay_out(line: bytes) -> list[str]:
    """The line as one or, with a traceback, several lines without control characters."""
    record = _record(line)
    if record is None:
        return [escape(line.decode(errors="backslashreplace").rstrip("\r"))]
    head = f"{_clock(record.get('ts'))} {record.get('level', '')!s:<8}{record['message']}"
    fields = [f"{name}={_shown(value)}" for name, value in record.items() if name not in LAID_OUT]
    below = str(record.get("traceback") or "").split("\n")
    return [escape("  ".join([head, *fields])), *(f"  {escape(text)}" for text in below if text)]


def escape(text: str) -> str:
    """The text with control and direction characters spelled out."""
    return UNSAFE.sub(lambda match: ascii(match[0])[1:-1], text)


def _record(line: bytes) -> Mapping[str, object] | None:
    """The fields of a JSON log line; None for any other line."""
    if not line.startswith(b"{"):
        return None
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return cast("Mapping[str, object]", value) if "message" in value else None


def _clock(ts: object) -> str:
    """The local time of day; text that is not an ISO 8601 time is shown unchanged."""
    try:
        moment = datetime.fromisoformat(str(ts)).astimezone()
    except (ValueError, OverflowError):
        return str(ts)
    return moment.time().isoformat("milliseconds")


def _shown(value: object) -> str:
    if isinstance(value, str) and PLAIN.fullmatch(value):
        return value
    return orjson.dumps(value).decode()
