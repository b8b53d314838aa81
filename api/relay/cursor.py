"""Where a client wants to go on: the number it has, from the header or the URL."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tailrace.api.errors import InvalidCursor

_NUMBER: Final = re.compile(r"[0-9]{1,19}")
_FROM_THE_START: Final = ("", "0", "-1")
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """The number of the last event that a client has; 0 is none."""

    seq: int
    from_header: bool
    """A reconnect says it in `Last-Event-ID`, a reloaded page in its URL."""


def parse_cursor(headers: Sequence[str], queries: Sequence[str]) -> Cursor:
    """Take the cursor from `Last-Event-ID`, or from `?after=` and its alias; the header wins.

    Raises:
        InvalidCursor: not one number from 0 to 2^63 - 1 in ASCII digits, nor "" or -1.
    """
    values = headers or queries
    if len(values) > 1:
        raise InvalidCursor("There can be only one cursor.")
    return Cursor(_seq(values[0]) if values else 0, from_header=bool(headers))


def _seq(text: str) -> int:
    if text in _FROM_THE_START:
        return 0
    if not _NUMBER.fullmatch(text) or int(text) > _LARGEST:
        raise InvalidCursor("A cursor is the id of an event: a whole number.")
    return int(text)
