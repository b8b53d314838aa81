"""The terminal: where output goes, and text from outside made harmless for it.

Colours only on a terminal; nothing is ever read as rich's markup.
"""

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Final

from rich.console import Console

from tailrace import JsonValue, ReceivedEvent
from tailrace.json_values import encode

_NAME: Final = "tailrace"

# C0 and C1 controls start escape sequences; the others change the direction of what follows.
_COMMANDS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_BREAKS: Final = re.compile("[\t\n\u2028\u2029]")
_RAW_IN_JSON: Final = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def stdout() -> Console:
    """For what was asked for."""
    return Console(markup=False, emoji=False, highlight=False)


def stderr() -> Console:
    """For notes and errors, so that they never mix with what was asked for."""
    return Console(stderr=True, markup=False, emoji=False, highlight=False)


def program() -> str:
    """What to type for this command: its name if the shell finds it, or else where it is."""
    called = Path(sys.argv[0])
    if called.name != _NAME or shutil.which(_NAME):
        return _NAME
    return os.path.relpath(called)


def visible(text: str) -> str:
    """The text with every control character but line feed and tab spelled out."""
    return _COMMANDS.sub(_spelled, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """The same without line breaks and tabs."""
    return _BREAKS.sub(_spelled, visible(text))


def preview(value: JsonValue, most: int) -> str:
    """A value as one line of JSON, cut at `most` characters."""
    text = one_line(encode(value).decode())
    return text if len(text) <= most else f"{text[:most]}…"


def json_line(event: ReceivedEvent) -> str:
    """The event as a line of NDJSON (PROTOCOL.md); its data is the service's own text.

    What a terminal would obey, or another reader take for a line break, is escaped as JSON can.
    """
    name = encode(event.name).decode()
    line = f'{{"id":{event.seq},"event":{name},"data":{event.data}}}'
    return _RAW_IN_JSON.sub(_as_json, line)


def _spelled(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def _as_json(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
