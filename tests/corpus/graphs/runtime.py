"""What a run is given: context, configuration, limits, store, cache."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.cache.memory import InMemoryCache
from langgraph.config import get_config, get_store
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime, get_runtime
from langgraph.types import CachePolicy
from pydantic import BaseModel
from typing_extensions import TypedDict

from tests.corpus.case import AnyGraph, case, line, wired
from tests.corpus.counting import ran
from tests.corpus.graphs.questions import Said, asks, works


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


@case({"number": 0}, config={"recursion_limit": 5}, steady=False)
def a_limit_that_is_reached() -> AnyGraph:
    return _counting(50)


@case({"number": 0}, steady=False)
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


# A cache in memory is gone with its worker.
@case({"number": 5}, steady=False)
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
def siblings_each_with_a_context_of_their_own() -> AnyGraph:
    nodes = {name: works(name, after_s=0.01) for name in ("a", "b", "c", "d")}
    return wired(Said, nodes, [(START, name) for name in nodes])
