"""Graphs that people ran on servers with a wrong result: each does what LangGraph makes it do."""

import logging
import random
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import pytest_asyncio

from tests.corpus.campaign import DURABILITIES, FAR_MS
from tests.corpus.compare import all_alone, compare
from tests.corpus.graphs import ALL
from tests.corpus.house import House, open_house
from tests.corpus.kills import Round, Tally, run_round

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
    pytest.mark.filterwarnings("default"),
]

QUESTIONS_BESIDE_SIBLINGS = (
    "a_question_beside_a_finished_sibling",
    "a_question_before_its_sibling_has_finished",
    "a_question_of_one_of_many_sent",
    "a_subgraph_that_asks_beside_a_node",
    "an_agent_with_a_tool_that_asks_beside_one_that_does_not",
)
STOPS = (
    "a_stop_before_a_node",
    "a_stop_after_a_node",
    "a_stop_in_a_subgraph",
    "an_agent_stopped_before_its_tools",
    "stops_before_that_the_job_asks_for",
)
FINISHED = (
    "a_charge_and_then_a_question",
    "a_finished_task_before_a_question",
    "a_finished_sibling_of_one_that_fails_at_first",
    "a_finished_task_of_a_node_that_fails_at_first",
)
LIMITS = ("a_limit_of_its_own", "a_limit_of_the_job", "a_limit_of_its_own_that_is_reached")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncGenerator[House]:
    """A service for all tests of this file."""
    with TemporaryDirectory(prefix="tailrace-") as folder:
        async with open_house(Path(folder)) as house:
            yield house


@pytest.fixture(autouse=True)
def graphs_that_fail_are_no_news() -> Iterator[None]:
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


async def differing(house: House, *names: str, durability: str = "async") -> dict[str, list[str]]:
    cases = [ALL[name] for name in names]
    return await compare(house, cases, await all_alone(cases, durability), durability)


async def killed(house: House, seed: int, one: Round) -> list[str]:
    tally, rng = Tally(), random.Random(seed)
    await run_round(house, one, await all_alone(one.cases, one.durability), rng, tally)
    assert tally.kills == one.kills
    return tally.differences


async def test_a_question_beside_finished_siblings_is_asked(house: House) -> None:
    assert not await differing(house, *QUESTIONS_BESIDE_SIBLINGS)


async def test_a_stop_that_is_no_question_waits_and_goes_on(house: House) -> None:
    assert not await differing(house, *STOPS)


@pytest.mark.parametrize("durability", DURABILITIES)
async def test_a_finished_task_does_not_run_again(house: House, durability: str) -> None:
    assert not await differing(house, *FINISHED, durability=durability)


@pytest.mark.parametrize("far_ms", FAR_MS)
async def test_a_finished_task_does_not_run_again_where_the_store_is_far(
    house: House, far_ms: int
) -> None:
    cases = [ALL[name] for name in FINISHED]
    assert not await killed(house, far_ms, Round(cases, "async", far_ms, kills=0))


@pytest.mark.parametrize("durability", ["async", "sync"])
async def test_a_finished_task_does_not_run_again_after_kills(
    house: House, durability: str
) -> None:
    cases = [ALL[name] for name in (*FINISHED, *QUESTIONS_BESIDE_SIBLINGS)]
    assert not await killed(house, 3, Round(cases, durability, 20, kills=2))


async def test_the_graphs_own_limit_of_steps_counts(house: House) -> None:
    assert not await differing(house, *LIMITS)
