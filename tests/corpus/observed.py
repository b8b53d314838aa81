"""What a run showed, whoever ran it; and in what two runs of one graph differ."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from tests.corpus.normal import Told, plain, steps


@dataclass(frozen=True, slots=True)
class Stopped:
    """A run waits: for answers, or only to be told to go on."""

    questions: Sequence[Any]
    next: Sequence[str]


@dataclass(slots=True)
class Observed:
    """A run from its start to its end, over all its stops and attempts."""

    outcome: str = "running"
    error: str = ""
    why: str = ""
    """What the service's own log says of the error."""
    result: Any = None
    stops: list[Stopped] = field(default_factory=list[Stopped])
    parts: list[list[Told]] = field(default_factory=list[list[Told]])
    """The events, those of each attempt by themselves."""
    ran: Counter[str] = field(default_factory=Counter[str])


def differences(alone: Observed, served: Observed) -> Iterator[str]:
    """In what the service differs from LangGraph, in words."""
    yield from final_differences(alone, served)
    if alone.ran != served.ran:
        more, fewer = served.ran - alone.ran, alone.ran - served.ran
        yield f"ran: too often {dict(more)}, too rarely {dict(fewer)}"
    if len(alone.parts) != len(served.parts):
        yield f"attempts: {len(served.parts)} instead of {len(alone.parts)}"
    for number, (own, theirs) in enumerate(zip(alone.parts, served.parts, strict=False), 1):
        if (wanted := steps(own)) != (got := steps(theirs)):
            yield f"events of part {number}: {_first_difference(wanted, got)}"


def final_differences(alone: Observed, served: Observed) -> Iterator[str]:
    """In what their ends and stops differ, which no kill may change."""
    if (alone.outcome, alone.error) != (served.outcome, served.error):
        yield f"outcome: {_end(served)} instead of {_end(alone)} {served.why}"
    if plain(alone.result) != plain(served.result):
        yield f"result: {plain(served.result)[:300]} instead of {plain(alone.result)[:300]}"
    if plain(_stops(alone)) != plain(_stops(served)):
        yield f"stops: {plain(_stops(served))[:300]} instead of {plain(_stops(alone))[:300]}"


def _end(seen: Observed) -> str:
    return f"{seen.outcome} {seen.error}".strip()


def _stops(seen: Observed) -> list[Any]:
    return [[list(stop.questions), list(stop.next)] for stop in seen.stops]


def _first_difference(wanted: Sequence[Any], got: Sequence[Any]) -> str:
    """Where two sequences part, as deep down as it can be told."""
    for own, theirs in zip(wanted, got, strict=False):
        if own == theirs:
            continue
        if isinstance(own, list | tuple) and isinstance(theirs, list | tuple):
            return _first_difference(cast("Sequence[Any]", own), cast("Sequence[Any]", theirs))
        return f"{theirs} instead of {own}"
    if len(wanted) > len(got):
        return f"{wanted[len(got)]} is missing"
    return f"{got[len(wanted)]} is too much"
