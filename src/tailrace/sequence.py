"""Frames to events, and the check that their numbers leave nothing out and repeat nothing."""

import re
from typing import Final

from tailrace.errors import ProtocolBroken
from tailrace.models import ReceivedEvent
from tailrace.sse import Frame

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,18}")


def received(frame: Frame, last: int) -> ReceivedEvent:
    """The event in a frame that follows event `last`; 0 is none.

    Raises:
        ProtocolBroken: the frame has no number, or not the next one.
    """
    if not _NUMBER.fullmatch(frame.id):
        raise ProtocolBroken(f"a {frame.event} event without a number")
    event = ReceivedEvent(int(frame.id), frame.event, frame.data)
    if not _follows(event, last):
        raise ProtocolBroken(f"event {event.seq} ({event.name}) came after event {last}")
    return event


def _follows(event: ReceivedEvent, last: int) -> bool:
    match event.name:
        case "gap":
            return _bridges(event, last)
        # A store that went back in time may close a log below a number that we already have.
        case "end":
            return event.seq <= last + 1
        case _:
            return event.seq == last + 1


def _bridges(gap: ReceivedEvent, last: int) -> bool:
    """Whether a gap says where every number from the next one up to its own is.

    A log that has lost its newest events begins its gap below `last` and ends it there.
    """
    first = gap.fields.get("from")
    return isinstance(first, int) and 1 <= first <= last + 1 and gap.seq >= max(first, last)
