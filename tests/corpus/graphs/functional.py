"""`@entrypoint` and `@task`."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

import asyncio
from typing import Any

from langgraph.cache.memory import InMemoryCache
from langgraph.func import entrypoint, task
from langgraph.types import CachePolicy, RetryPolicy, interrupt

from tests.corpus.case import AnyGraph, case
from tests.corpus.counting import ran
from tests.corpus.graphs.questions import Said, asks, line, works

QUICKLY = RetryPolicy(initial_interval=0.01, max_attempts=4, jitter=False)


@task
async def double(number: int) -> int:
    ran(f"double {number}")
    return 2 * number


@task
def triple(number: int) -> int:
    ran(f"triple {number}")
    return 3 * number


@task
async def slowly(number: int) -> int:
    ran(f"slowly {number}")
    await asyncio.sleep(number / 100)
    return number


@case({"numbers": [1, 2, 3]})
def tasks_in_turn() -> AnyGraph:
    @entrypoint()
    async def flow(given: dict[str, Any]) -> dict[str, Any]:
        return {"doubled": [await double(n) for n in given["numbers"]]}

    return flow


@case([3, 1, 2])
def tasks_side_by_side() -> AnyGraph:
    @entrypoint()
    async def flow(given: list[int]) -> list[int]:
        return list(await asyncio.gather(*(slowly(n) for n in given)))

    return flow


@case(4)
def plain_tasks_of_a_plain_function() -> AnyGraph:
    @entrypoint()
    def flow(given: int) -> int:
        futures: list[Any] = [triple(n) for n in range(given)]
        return sum(future.result() for future in futures)

    return flow


@case(5)
def what_is_saved_is_not_what_is_returned() -> AnyGraph:
    @entrypoint()
    async def flow(given: int, *, previous: Any = None) -> Any:
        doubled = await double(given)
        return entrypoint.final(value=[previous, doubled], save=doubled)

    return flow


@case("x")
def a_task_that_fails_at_first() -> AnyGraph:
    @task(retry_policy=QUICKLY)
    async def flaky(text: str) -> str:
        if ran("flaky") < 3:
            raise ConnectionError("not yet")
        return text * 2

    @entrypoint()
    async def flow(given: str) -> str:
        return await flaky(given)

    return flow


@case(7)
def a_task_that_is_cached() -> AnyGraph:
    @task(cache_policy=CachePolicy())
    async def costly(number: int) -> int:
        ran("costly")
        return number + 1

    @entrypoint(cache=InMemoryCache())
    async def flow(given: int) -> list[int]:
        return [await costly(given), await costly(given), await double(given)]

    return flow


@case({"amount": 5})
def a_charge_and_then_a_question() -> AnyGraph:
    @task
    async def charge(amount: int) -> str:
        ran("charge")
        return f"charged {amount}"

    @entrypoint()
    async def flow(given: dict[str, int]) -> list[Any]:
        return [await charge(given["amount"]), interrupt("ship?"), await double(1)]

    return flow


@case(3)
def a_question_in_each_round() -> AnyGraph:
    @entrypoint()
    async def flow(given: int) -> list[Any]:
        heard: list[Any] = []
        for number in range(given):
            heard += [await double(number), interrupt(f"round {number}?")]
        return heard

    return flow


@case("draft")
def a_task_that_asks() -> AnyGraph:
    @task
    async def review(text: str) -> str:
        ran("review")
        return f"{text}: {interrupt('good?')}"

    @entrypoint()
    async def flow(given: str) -> list[Any]:
        return [await double(4), await review(given)]

    return flow


@case("draft")
def tasks_that_ask_side_by_side() -> AnyGraph:
    @task
    async def review(text: str) -> str:
        ran(f"review {text}")
        return f"{text}: {interrupt(f'{text} good?')}"

    @entrypoint()
    async def flow(given: str) -> list[Any]:
        return list(await asyncio.gather(double(4), review(f"{given} 1"), review(f"{given} 2")))

    return flow


@case(2)
def tasks_that_call_tasks() -> AnyGraph:
    @task
    async def outer(number: int) -> int:
        ran(f"outer {number}")
        return await double(number) + await double(number + 1)

    @entrypoint()
    async def flow(given: int) -> list[int]:
        return [await outer(given), await outer(given + 10)]

    return flow


@case(2)
def a_task_that_fails() -> AnyGraph:
    @task
    async def fails(number: int) -> int:
        ran("fails")
        raise ValueError(str(number))

    @entrypoint()
    async def flow(given: int) -> int:
        await double(given)
        return await fails(given)

    return flow


@case(2)
def a_failed_task_that_is_caught() -> AnyGraph:
    @task
    async def fails(number: int) -> int:
        ran("fails")
        raise ValueError(str(number))

    @entrypoint()
    async def flow(given: int) -> list[Any]:
        try:
            await fails(given)
        except ValueError:
            return ["caught", await double(given)]
        return []

    return flow


@case({"number": 1})
def a_flow_that_calls_a_graph() -> AnyGraph:
    child = line(Said, works("inner"), asks("ask", "below?"))

    @entrypoint()
    async def flow(given: dict[str, Any]) -> dict[str, Any]:
        doubled = await double(given["number"])
        return await child.ainvoke({"number": doubled})

    return flow


@case(3)
def a_flow_that_calls_a_flow() -> AnyGraph:
    @entrypoint()
    async def inner(given: int) -> int:
        return await double(given) + 1

    @entrypoint()
    async def flow(given: int) -> int:
        below: Any = await inner.ainvoke(given)
        return below + await double(given)

    return flow


@case(12)
def a_long_flow() -> AnyGraph:
    @entrypoint()
    async def flow(given: int) -> int:
        total = 0
        for number in range(given):
            total += await double(number)
        return total

    return flow


@case("essay")
def a_flow_that_returns_nothing() -> AnyGraph:
    @entrypoint()
    async def flow(given: str) -> None:
        ran(f"flow {given}")
        await double(1)

    return flow
