"""A part of `make test-graphs` in every run: the service does with a graph what LangGraph does."""

import logging
from collections.abc import Iterator

import pytest

from tests.corpus.campaign import Plan, chosen, run_campaign
from tests.corpus.graphs import ALL

SEED = 7
PART = len(ALL) // 3
LONG = {"a_deep_agent_of_three_hundred_steps", "a_deep_agent", "a_limit_of_its_own"}


@pytest.fixture(autouse=True)
def graphs_that_fail_are_no_news() -> Iterator[None]:
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.timeout(240)
@pytest.mark.filterwarnings("default")
async def test_the_service_runs_graphs_as_langgraph_does_and_repeats_nothing_after_kills() -> None:
    cases = chosen([case for case in ALL.values() if case.name not in LONG], SEED, PART)
    plan = Plan(cases, SEED, 4, ("async",), (20,), some_modes=False)
    found = await run_campaign(plan, print)
    assert not found.all_differences, "\n".join([*found.table(), *found.all_differences])
