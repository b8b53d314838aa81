"""The comparison of the corpus notices what a service may do to events, and nothing else."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, get_args
from uuid import uuid4

import pytest

from tailrace.shared.jobs import StreamMode
from tests.corpus.alone import How, run_alone
from tests.corpus.case import Case
from tests.corpus.counting import FOLDER
from tests.corpus.graphs import ALL
from tests.corpus.normal import Told, plain, steps

MODES: Sequence[str] = get_args(StreamMode)
GRAPHS = ("a_node_that_tells", "branches_that_meet", "a_subgraph_that_tells", "map_and_reduce")


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))


async def told_by(name: str) -> list[Told]:
    case: Case = ALL[name]
    [events] = (await run_alone(case, How(MODES))).parts
    return events


@pytest.mark.parametrize("name", GRAPHS)
async def test_two_runs_of_one_graph_are_equal(name: str) -> None:
    assert steps(await told_by(name)) == steps(await told_by(name))


@pytest.mark.parametrize("name", GRAPHS)
async def test_every_lost_event_is_noticed(name: str) -> None:
    events = await told_by(name)
    for place in range(len(events)):
        assert steps(events[:place] + events[place + 1 :]) != steps(events), events[place]


@pytest.mark.parametrize("name", GRAPHS)
async def test_every_doubled_event_is_noticed(name: str) -> None:
    events = await told_by(name)
    for place in range(len(events)):
        doubled = [*events[: place + 1], *events[place:]]
        assert steps(doubled) != steps(events), events[place]


async def test_every_two_swapped_events_of_one_node_are_noticed() -> None:
    events = await told_by("a_node_that_tells")
    for place, (one, other) in enumerate(pairwise(events)):
        swapped = [*events[:place], other, one, *events[place + 2 :]]
        assert steps(swapped) != steps(events), (one, other)


async def test_an_event_of_another_step_is_noticed() -> None:
    events = await told_by("a_node_that_tells")
    first = next(place for place, event in enumerate(events) if event.name == "updates")
    late = [*events[:first], *events[first + 1 :], events[first]]
    assert steps(late) != steps(events)


async def test_the_order_of_siblings_is_no_difference() -> None:
    def told(name: str, node: str, data: Any) -> Told:
        return Told(name, {"ns": [], "node": node, "data": data})

    left, right = (
        [told("tasks", node, {"id": node, "name": node})]
        + [told("updates", node, {"a": n}) for n in range(3)]
        for node in ("left", "right")
    )
    mixed = [event for pair in zip(right, left, strict=True) for event in pair]
    assert steps(left + right) == steps(mixed)
    assert steps(left + right) != steps([left[0], left[2], left[1], left[3], *right])


def test_ids_and_times_are_no_difference_and_all_else_is() -> None:
    def said(text: str) -> str:
        return plain({"id": str(uuid4()), "at": "2026-03-02T09:30:01.715954+00:00", "text": text})

    assert said("one") == said("one")
    assert said("one") != said("two")
