"""What a search of a graph's store reads, and what it takes of that; pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from langgraph.store.base import SearchOp
from langgraph.store.memory import (
    _compare_values,  # pyright: ignore[reportPrivateUsage] - a filter means what it means there
)

from tailrace.shared.log_store.items.item_store import Slice, Space

_PAGE: Final = 500
"""Items in one round: read by the loop in a few milliseconds."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a search goes through its namespaces."""

    skip: int
    """Items that need not be read."""
    page: int
    """Items in one round."""
    enough: int | None
    """How many that match are enough; None: all."""
    result: slice
    """The part of them that was asked for."""


def plan(op: SearchOp) -> Plan:
    """How to go through the namespaces of a search, by what it asks for."""
    result = slice(op.offset, op.offset + op.limit)
    if op.query:
        return Plan(0, _PAGE, None, slice(None))  # the nearest may be anywhere
    if min(op.offset, op.limit) < 0:
        return Plan(0, _PAGE, None, result)  # counted from the end
    if op.filter:
        return Plan(0, _PAGE, op.offset + op.limit, result)
    return Plan(op.offset, max(1, min(op.limit, _PAGE)), op.limit, slice(op.limit))


def rounds(spaces: Iterable[Space], skip: int, page: int) -> Iterator[list[Slice]]:
    """What is in these namespaces, without the first items, a page a round."""
    slices, room = list[Slice](), page
    for space in spaces:
        start = min(skip, space.count)
        skip -= start
        while start < space.count:
            count = min(room, space.count - start)
            slices.append(Slice(space.namespace, start, count))
            start, room = start + count, room - count
            if room == 0:
                yield slices
                slices, room = [], page
    if slices:
        yield slices


def matches(wanted: dict[str, Any] | None, value: dict[str, Any]) -> bool:
    """Whether a value has what a filter wants."""
    return all(_compare_values(value.get(name), told) for name, told in (wanted or {}).items())
