"""A part of `make test-graphs` in every run: the service does with a graph what LangGraph does."""

import logging
from collections.abc import Iterator

import pytest

from tests.corpus.campaign import Outcome, Plan, chosen, run_campaign
from tests.corpus.case import CASES
from tests.corpus.graphs import edges, fan_out, state, streaming

SEED = 7
PLAIN = tuple(
    case
    for case in CASES.values()
    if case.make.__module__ in {m.__name__ for m in (edges, fan_out, state, streaming)}
)


@pytest.fixture(autouse=True)
def graphs_that_fail_are_no_news() -> Iterator[None]:
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


def told(found: Outcome) -> str:
    return "\n".join([*found.table(), *found.all_differences])


@pytest.mark.timeout(120)
@pytest.mark.filterwarnings("default")
async def test_the_service_runs_graphs_as_langgraph_does() -> None:
    cases = chosen(PLAIN, SEED, 30)
    plan = Plan(cases, SEED, kills=0, durabilities=("async",), far_ms=(0,))
    found = await run_campaign(plan, print)
    assert not found.all_differences, told(found)
