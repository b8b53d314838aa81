"""What goes to the store in one call. Pure."""

from collections.abc import Sequence
from itertools import accumulate
from operator import attrgetter
from typing import Final

from tailrace.shared.events import Event
from tailrace.shared.log_store.journal.journal import Entry

BATCH_EVENTS: Final = 1024
"""More would delay others at the store; fewer would leave it idle between batches."""
BATCH_BYTES: Final = 1024 * 1024

_DATA: Final = attrgetter("data")


def next_batch(buffer: Sequence[Entry], size: int) -> Sequence[Entry]:
    """What fits into one call; always at least one entry.

    Args:
        buffer: the entries that wait.
        size: its bytes.
    """
    if size <= BATCH_BYTES:
        return buffer[:BATCH_EVENTS]
    sizes = accumulate(map(size_of, buffer[:BATCH_EVENTS]))
    fitting = sum(1 for size in sizes if size <= BATCH_BYTES)
    return buffer[: max(fitting, 1)]


def size_of(entry: Entry) -> int:
    """Bytes of an entry."""
    return len(entry.data) if isinstance(entry, Event) else entry.size


def bytes_of(events: Sequence[Event]) -> int:
    """Bytes of events; fast, since there are many."""
    return sum(map(len, map(_DATA, events)))


def events_in(batch: Sequence[Entry]) -> int:
    """How many of the entries are events; only these have numbers."""
    return sum(isinstance(entry, Event) for entry in batch)


def is_state(entry: Entry) -> bool:
    """Whether an entry is part of the graph's state."""
    return not isinstance(entry, Event)
