"""Ids of checkpoints sort in the order in which they are made, even if workers' clocks differ.

LangGraph makes them of the clock (UUIDv6), and each later than the one before in its process. On a
thread the one before may be another worker's, whose clock is ahead. Then the newest state would
sort before an older one, and a message would be lost.
"""

from typing import Any, Final, cast

from langgraph.checkpoint.base import id as ids

_VERSION: Final = 6


def make_later_than(checkpoint_id: str) -> None:
    """Have the ids that LangGraph makes from now on sort after this one, if it is one of them."""
    try:
        seen = ids.UUID(checkpoint_id)
    except ValueError:
        return
    if seen.version != _VERSION:
        return
    # LangGraph's own memory of its last id. Lamport's rule: a clock is set to what it hears of.
    module = cast("Any", ids)
    module._last_v6_timestamp = max(module._last_v6_timestamp or 0, seen.time)  # noqa: SLF001 - there is no other way
