"""Graphs that remember notes from job to job, by every way to LangGraph's store that there is."""

from typing import Annotated, Any, TypedDict, cast

from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.tools import tool
from langgraph.config import get_store
from langgraph.func import entrypoint
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import InjectedStore, ToolNode
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore
from langgraph_sdk.runtime import ServerRuntime

NOTES = ("notes", "of all")


class Notes(TypedDict, total=False):
    note: str
    before: list[str]
    messages: Annotated[list[AnyMessage], add_messages]


def _noted(store: BaseStore, note: str) -> list[str]:
    before = [item.value["note"] for item in store.search(NOTES, limit=100)]
    store.put(NOTES, note, {"note": note})
    return before


async def _anoted(store: BaseStore, note: str) -> list[str]:
    before = [item.value["note"] for item in await store.asearch(NOTES, limit=100)]
    await store.aput(NOTES, note, {"note": note})
    return before


def _graph(node: Any, store: BaseStore | None = None) -> Any:
    builder: Any = StateGraph(Notes)
    return builder.add_node("node", node).add_edge(START, "node").compile(store=store)


async def _getting(state: Notes) -> Notes:
    return {"before": await _anoted(get_store(), state.get("note", ""))}


def _getting_in_a_thread(state: Notes) -> Notes:
    return {"before": _noted(get_store(), state.get("note", ""))}


def _by_runtime(state: Notes, runtime: Runtime[None]) -> Notes:
    return {"before": _noted(cast("Any", runtime.store), state.get("note", ""))}


async def _by_argument(state: Notes, *, store: BaseStore) -> Notes:
    return {"before": await _anoted(store, state.get("note", ""))}


async def _without_await(state: Notes) -> Notes:
    return {"before": _noted(get_store(), state.get("note", ""))}


async def _by_meaning(state: Notes) -> Notes:
    found = await get_store().asearch(NOTES, query=state.get("note", ""))
    return {"before": [item.key for item in found]}


@tool
async def remember(note: str, store: Annotated[Any, InjectedStore()]) -> str:
    """Remember a note."""
    return ",".join(await _anoted(store, note))


def _call(state: Notes) -> Notes:
    call = {"name": "remember", "args": {"note": state.get("note", "")}, "id": "1"}
    return {"messages": [AIMessage("", tool_calls=[cast("Any", call)])]}


def _tell(state: Notes) -> Notes:
    said = str(cast("Any", state.get("messages", []))[-1].content)
    return {"before": said.split(",") if said else []}


@entrypoint()
async def entered(value: dict[str, str], *, store: BaseStore) -> Notes:
    """Remembers as a function."""
    return {"before": await _anoted(store, value["note"])}


_tools: Any = StateGraph(Notes)
_tools.add_node("call", _call).add_node("tools", ToolNode([remember])).add_node("tell", _tell)
_tools.add_edge(START, "call").add_edge("call", "tools").add_edge("tools", "tell")

injected = _tools.compile()
getting = _graph(_getting)
getting_in_a_thread = _graph(_getting_in_a_thread)
by_runtime = _graph(_by_runtime)
by_argument = _graph(_by_argument)
in_a_subgraph = _graph(_graph(_getting))
without_await = _graph(_without_await)
by_meaning = _graph(_by_meaning)
own = _graph(_getting, InMemoryStore())


async def by_factory(runtime: ServerRuntime[None]) -> Any:
    """Remembers as it is made."""
    held = runtime.store

    async def node(state: Notes) -> Notes:
        return {"before": await _anoted(held, state.get("note", ""))}

    return _graph(node)
