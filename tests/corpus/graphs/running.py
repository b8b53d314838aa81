"""Runtime: context, configuration, the store, caches, retries, limits, errors and odd values."""

import asyncio
import operator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import Annotated, Any
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.cache.memory import InMemoryCache
from langgraph.config import get_config, get_store
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime, get_runtime
from langgraph.types import CachePolicy, RetryPolicy, TimeoutPolicy
from pydantic import BaseModel, SecretStr
from typing_extensions import TypedDict

from tests.corpus.case import AnyGraph, case, line, wired
from tests.corpus.counting import ran
from tests.corpus.graphs.questions import Said, asks, side_by_side, works

QUICKLY = RetryPolicy(initial_interval=0.01, max_attempts=4, jitter=False)


@dataclass
class Who:
    user_id: str
    language: str = "en"


class WhoModel(BaseModel):
    user_id: str
    language: str = "en"


@case({"number": 0}, asked={"context": {"user_id": "ada"}})
def a_context() -> AnyGraph:
    async def greet(state: Said, runtime: Runtime[Who]) -> Said:  # noqa: ARG001
        ran("greet")
        return {"said": [runtime.context.user_id, runtime.context.language]}

    async def again(state: Said) -> Said:  # noqa: ARG001
        ran("again")
        return {"said": [get_runtime(Who).context.user_id]}

    graph: Any = StateGraph(Said, context_schema=Who)
    return graph.add_sequence([greet, again]).set_entry_point("greet").compile()


@case({"number": 0}, asked={"context": {"user_id": "ada", "language": "de"}})
def a_context_that_a_model_checks() -> AnyGraph:
    async def greet(state: Said, runtime: Runtime[WhoModel]) -> Said:  # noqa: ARG001
        ran("greet")
        return {"said": [runtime.context.language]}

    graph: Any = StateGraph(Said, context_schema=WhoModel)
    return graph.add_sequence([greet]).set_entry_point("greet").compile()


class WhoDict(TypedDict):
    user_id: str


@case({"number": 0}, asked={"context": {"user_id": "ada"}})
def a_context_across_a_question() -> AnyGraph:
    async def greet(state: Said, runtime: Runtime[WhoDict]) -> Said:  # noqa: ARG001
        ran("greet")
        return {"said": [runtime.context["user_id"]]}

    graph: Any = StateGraph(Said, context_schema=WhoDict)
    graph.add_sequence([asks("ask", "sure?"), greet])
    return graph.set_entry_point("ask").compile()


@case({"number": 0}, config={"configurable": {"user": "ada"}, "tags": ["seen"]}, metadata={"k": 1})
def a_configuration() -> AnyGraph:
    async def look(state: Said, config: RunnableConfig) -> Said:  # noqa: ARG001
        ran("look")
        found: Any = config
        told = found["metadata"]
        return {"said": [found["configurable"]["user"], found["tags"], told["k"]]}

    async def again(state: Said) -> Said:  # noqa: ARG001
        ran("again")
        found: Any = get_config()
        return {"said": [found["configurable"]["user"]]}

    return line(Said, look, again)


@case({"number": 0}, config={"tags": ["asked"]}, metadata={"from": "the job"})
def a_configuration_of_its_own() -> AnyGraph:
    async def look(state: Said, config: RunnableConfig) -> Said:  # noqa: ARG001
        ran("look")
        found: Any = config
        told = {k: found["metadata"].get(k) for k in ("from", "own")}
        return {"said": [sorted(found["tags"]), told, found["configurable"].get("own")]}

    return line(Said, look).with_config(
        {"tags": ["own"], "metadata": {"own": 1}, "configurable": {"own": "kept"}}
    )


@case({"number": 0})
def a_limit_of_its_own() -> AnyGraph:
    return _counting(150).with_config({"recursion_limit": 400})


@case({"number": 0}, config={"recursion_limit": 12})
def a_limit_of_the_job() -> AnyGraph:
    return _counting(10).with_config({"recursion_limit": 3})


@case({"number": 0}, config={"recursion_limit": 5})
def a_limit_that_is_reached() -> AnyGraph:
    return _counting(50)


@case({"number": 0})
def a_limit_of_its_own_that_is_reached() -> AnyGraph:
    return _counting(50).with_config({"recursion_limit": 8})


def _counting(rounds: int) -> AnyGraph:
    async def count(state: Said) -> Said:
        number = state.get("number", 0) + 1
        ran(f"count {number}")
        return {"number": number}

    graph: Any = StateGraph(Said)
    graph.add_node("count", count)
    graph.add_edge(START, "count")
    graph.add_conditional_edges("count", lambda s: "count" if s["number"] < rounds else END)
    return graph.compile()


@case({"number": 0})
def a_store() -> AnyGraph:
    async def put(state: Said) -> Said:  # noqa: ARG001
        ran("put")
        store = get_store()
        await store.aput(("notes", "ada"), "one", {"text": "first", "rank": 1})
        await store.aput(("notes", "ada"), "two", {"text": "second", "rank": 2})
        await store.aput(("notes", "bob"), "one", {"text": "other", "rank": 1})
        return {"said": []}

    async def find(state: Said, runtime: Runtime[Any]) -> Said:  # noqa: ARG001
        ran("find")
        assert runtime.store is not None
        one = await runtime.store.aget(("notes", "ada"), "one")
        found = await runtime.store.asearch(("notes",), filter={"rank": 1})
        spaces = await runtime.store.alist_namespaces(prefix=("notes",))
        names = sorted(item.key + item.namespace[-1] for item in found)
        return {"said": [one and one.value, names, sorted(map(list, spaces))]}

    return line(Said, put, find)


@case({"number": 0})
def a_store_of_plain_functions() -> AnyGraph:
    def put(state: Said) -> Said:  # noqa: ARG001
        ran("put")
        get_store().put(("plain",), "key", {"a": 1})
        return {"said": []}

    def find(state: Said) -> Said:  # noqa: ARG001
        ran("find")
        found = get_store().get(("plain",), "key")
        get_store().delete(("plain",), "key")
        gone = get_store().get(("plain",), "key")
        return {"said": [found and found.value, gone]}

    return line(Said, put, find)


@case({"number": 5})
def a_cached_node() -> AnyGraph:
    async def costly(state: Said) -> Said:
        ran("costly")
        return {"said": [state.get("number")]}

    graph: Any = StateGraph(Said)
    by_number = CachePolicy(key_func=lambda state: str(state["number"]))
    graph.add_node("costly", costly, cache_policy=by_number)
    graph.add_node("again", works("again"))
    graph.add_edge(START, "costly")
    graph.add_edge("costly", "again")
    graph.add_conditional_edges("again", lambda s: "costly" if len(s["said"]) < 6 else END)
    return graph.compile(cache=InMemoryCache())


@case({"number": 0})
def a_node_that_is_tried_again() -> AnyGraph:
    async def flaky(state: Said) -> Said:  # noqa: ARG001
        if ran("flaky") < 3:
            raise ConnectionError("not yet")
        return {"said": ["at last"]}

    graph: Any = StateGraph(Said)
    graph.add_node("flaky", flaky, retry_policy=QUICKLY)
    graph.add_node("beside", works("beside"))
    graph.add_node("then", works("then"))
    for start, end in [(START, "flaky"), (START, "beside"), ("flaky", "then"), ("beside", "then")]:
        graph.add_edge(start, end)
    return graph.compile()


@case({"number": 0})
def a_node_that_is_tried_in_vain() -> AnyGraph:
    async def fails(state: Said) -> Said:  # noqa: ARG001
        ran("fails")
        raise LookupError("never")

    graph: Any = StateGraph(Said)
    always = RetryPolicy(initial_interval=0.01, max_attempts=3, jitter=False, retry_on=LookupError)
    graph.add_node("fails", fails, retry_policy=always)
    graph.add_edge(START, "fails")
    return graph.compile()


@case({"number": 0})
def a_node_that_fails() -> AnyGraph:
    async def fails(state: Said) -> Said:  # noqa: ARG001
        ran("fails")
        raise ValueError("broken")

    return line(Said, works("before"), fails, works("never"))


@case({"number": 0})
def a_sibling_of_one_that_fails() -> AnyGraph:
    async def fails(state: Said) -> Said:  # noqa: ARG001
        ran("fails")
        await asyncio.sleep(0.05)
        raise ValueError("broken")

    return side_by_side(works("pay"), fails)


@case({"number": 0})
def a_finished_sibling_of_one_that_fails_at_first() -> AnyGraph:
    async def fails(state: Said) -> Said:  # noqa: ARG001
        if ran("fails") < 2:
            await asyncio.sleep(0.05)
            raise ConnectionError("for now")
        return {"said": ["at last"]}

    return side_by_side(works("pay"), fails)


@case({"number": 0})
def a_finished_task_of_a_node_that_fails_at_first() -> AnyGraph:
    from langgraph.func import task  # noqa: PLC0415 - used here alone

    @task
    async def charge() -> str:
        ran("charge")
        return "charged"

    async def order(state: Said) -> Said:  # noqa: ARG001
        tries = ran("order")
        paid = await charge()
        if tries < 2:
            raise ConnectionError("for now")
        return {"said": [paid]}

    return line(Said, order, works("behind"))


@case({"number": 0})
def an_error_that_a_node_handles() -> AnyGraph:
    async def fails(state: Said) -> Said:  # noqa: ARG001
        ran("fails")
        raise ValueError("broken")

    async def repair(state: Said) -> Said:  # noqa: ARG001
        ran("repair")
        return {"said": ["repaired"]}

    graph: Any = StateGraph(Said)
    graph.add_node("fails", fails, error_handler=repair)
    graph.add_node("then", works("then"))
    graph.add_edge(START, "fails")
    graph.add_edge("fails", "then")
    return graph.compile()


@case({"number": 0})
def a_node_that_takes_too_long() -> AnyGraph:
    async def slow(state: Said) -> Said:  # noqa: ARG001
        if ran("slow") < 2:
            await asyncio.sleep(5)
        return {"said": ["quicker"]}

    graph: Any = StateGraph(Said)
    limit = TimeoutPolicy(run_timeout=0.1)
    graph.add_node("slow", slow, timeout=limit, retry_policy=QUICKLY)
    graph.add_edge(START, "slow")
    return graph.compile()


@case({"number": 0})
def an_update_of_no_known_key() -> AnyGraph:
    async def wrong(state: Said) -> Any:  # noqa: ARG001
        ran("wrong")
        return {"nobody": 1}

    return line(Said, wrong)


@case({"number": 0})
def an_update_that_is_none() -> AnyGraph:
    async def wrong(state: Said) -> Any:  # noqa: ARG001
        ran("wrong")
        return "a text"

    return line(Said, wrong)


class Colour(Enum):
    RED = "red"


class Model(BaseModel):
    """A value of pydantic's."""

    at: datetime
    price: Decimal
    colour: Colour = Colour.RED


@dataclass
class Point:
    """A value of one's own."""

    x: int
    y: float


class Anything(TypedDict, total=False):
    value: Any
    seen: Annotated[list[Any], operator.add]


AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def _passing(*values: Any) -> AnyGraph:
    """Each value is in the state for a step, and the next node says what it finds."""

    def giving(number: int) -> Any:
        async def give(state: Anything) -> Anything:
            ran(f"give {number}")
            found = state.get("value")
            return {"value": values[number], "seen": [type(found).__name__]}

        give.__name__ = f"give{number}"
        return give

    return line(Anything, *(giving(number) for number in range(len(values))))


@case({"value": 0})
def plain_values() -> AnyGraph:
    return _passing(None, True, -(2**40), 1.5, "é\u2028\x00", [1, [2, {"a": ()}]], (1, 2), {"b": {}})


@case({"value": 0})
def values_of_the_standard_library() -> AnyGraph:
    return _passing(AT, date(2026, 3, 2), Decimal("1.10"), UUID(int=7), PurePosixPath("/a"), {3})


@case({"value": 0})
def values_of_types_of_ones_own() -> AnyGraph:
    return _passing(Colour.RED, Model(at=AT, price=Decimal(2)), Point(1, 2.5), [Point(3, 4)])


@case({"value": 0})
def values_that_json_does_not_know() -> AnyGraph:
    return _passing(b"PNG\xff", bytearray(b"x"), timedelta(seconds=90), ip_address("10.0.0.1"))


@case({"value": 0})
def keys_that_json_does_not_know() -> AnyGraph:
    return _passing({1: "a"}, {(1, 2): "pair"}, {AT: "then"}, {1: "a", "1": "b"})


@case({"value": 0})
def numbers_that_json_does_not_know() -> AnyGraph:
    return _passing(float("nan"), float("inf"), complex(1, 2), 2**63)


@case({"value": 0})
def half_of_a_character() -> AnyGraph:
    return _passing("\ud83d", ["a\udc00b"], {"\ud83d": 1})


@case({"value": 0})
def a_secret() -> AnyGraph:
    return _passing(SecretStr("hidden"), {"key": SecretStr("hidden")})


@case({"number": 0})
def a_state_that_is_large() -> AnyGraph:
    async def grow(state: Said) -> Said:  # noqa: ARG001
        ran("grow")
        return {"said": ["x" * 20_000]}

    async def look(state: Said) -> Said:
        ran("look")
        return {"said": [len(str(state.get("said")))]}

    return line(Said, grow, look)


@case({"number": 0})
def siblings_each_with_a_context_of_their_own() -> AnyGraph:
    nodes = {name: works(name, after_s=0.01) for name in ("a", "b", "c", "d")}
    return wired(Said, nodes, [(START, name) for name in nodes])
