"""What a search of a graph's store has to read, and what of that it returns. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from langgraph.store.base import SearchOp
from langgraph.store.memory import (
    _compare_values,  # pyright: ignore[reportPrivateUsage] - a filter means what it means there
)

from tailrace.shared.log_store.items.item_store import Slice, Space

_PAGE: Final = 500
"""Items in one round: the event loop reads them in a few milliseconds."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a search goes through its namespaces."""

    skip: int
    """Items that need not be read."""
    page: int
    """Items in one round."""
    enough: int | None
    """How many matching items are enough; None: all."""
    result: slice
    """The part of them that was asked for."""


def plan(op: SearchOp) -> Plan:
    """How a search goes through its namespaces, by what it asks for."""
    result = slice(op.offset, op.offset + op.limit)
    if op.query:
        return Plan(0, _PAGE, None, slice(None))  # the nearest may be anywhere
    if min(op.offset, op.limit) < 0:
        return Plan(0, _PAGE, None, result)  # counted from the end
    if op.filter:
        return Plan(0, _PAGE, op.offset + op.limit, result)
    return Plan(op.offset, max(1, min(op.limit, _PAGE)), op.limit, slice(op.limit))


def rounds(spaces: Iterable[Space], skip: int, page: int) -> Iterator[list[Slice]]:
    """The items of these namespaces after the first `skip`, in pages."""
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
    """Whether a value matches a filter."""
    return all(_compare_values(value.get(name), told) for name, told in (wanted or {}).items())
