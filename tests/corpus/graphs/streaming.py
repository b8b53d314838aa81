"""What graphs say while they run: from nodes, threads, tasks, tools, subgraphs and models."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

import asyncio
from typing import Any

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.config import get_stream_writer
from langgraph.func import entrypoint, task
from langgraph.graph import START, MessagesState
from langgraph.types import StreamWriter

from tests.corpus.case import AnyGraph, case, line, wired
from tests.corpus.counting import ran
from tests.corpus.graphs.agents import ASKS
from tests.corpus.graphs.questions import Said, works
from tests.corpus.graphs.tools import chatting
from tests.corpus.model import scripted


def _telling(name: str, count: int = 3, pause_s: float = 0) -> Any:
    async def run(state: Said) -> Said:  # noqa: ARG001
        ran(name)
        write = get_stream_writer()
        for number in range(count):
            await asyncio.sleep(pause_s)
            write({"by": name, "number": number})
        return {"said": [name]}

    run.__name__ = name
    return run


@case({"number": 0})
def a_node_that_tells() -> AnyGraph:
    return line(Said, _telling("one"), _telling("two"))


@case({"number": 0})
def nodes_that_tell_side_by_side() -> AnyGraph:
    nodes = {"left": _telling("left", 4, 0.005), "right": _telling("right", 4, 0.007)}
    nodes["then"] = _telling("then")
    edges = [(START, "left"), (START, "right"), ("left", "then"), ("right", "then")]
    return wired(Said, nodes, edges)


@case({"number": 0})
def a_plain_function_that_tells() -> AnyGraph:
    def tell(state: Said, writer: StreamWriter) -> Said:  # noqa: ARG001
        ran("tell")
        for number in range(5):
            writer({"by": "tell", "number": number})
        return {"said": ["told"]}

    return line(Said, tell)


@case({"number": 0})
def a_thread_of_a_node_that_tells() -> AnyGraph:
    async def start(state: Said) -> Said:  # noqa: ARG001
        ran("start")
        write = get_stream_writer()

        def tell() -> None:
            for number in range(5):
                write({"by": "start", "number": number})

        await asyncio.to_thread(tell)
        return {"said": ["told"]}

    return line(Said, start, works("behind"))


@case({"number": 0})
def values_of_every_form_told() -> AnyGraph:
    async def tell(state: Said) -> Said:  # noqa: ARG001
        ran("tell")
        write = get_stream_writer()
        for value in (None, True, 0, -1.5, "", "text", [], [1, [2]], {}, {"a": {"b": None}}):
            write(value)
        return {"said": []}

    return line(Said, tell)


@case(3)
def a_task_that_tells() -> AnyGraph:
    @task
    async def tells(number: int) -> int:
        ran(f"tells {number}")
        get_stream_writer()({"by": "tells", "number": number})
        return number

    @entrypoint()
    async def flow(given: int) -> list[int]:
        get_stream_writer()("begun")
        return [await tells(number) for number in range(given)]

    return flow


@case({"number": 0})
def a_subgraph_that_tells() -> AnyGraph:
    child = line(Said, _telling("inner"), _telling("inner_last"))
    nodes = {"before": _telling("before"), "child": child}
    return wired(Said, nodes, [(START, "before"), ("before", "child")])


@case(ASKS)
def a_tool_that_tells() -> AnyGraph:
    @tool
    async def slow(city: str) -> str:
        """Take a while."""
        ran("slow")
        for part in range(3):
            get_stream_writer()({"by": "tools", "part": part})
        return city

    return chatting(MessagesState, scripted([("slow", {"city": "Bern"})], "done"), [slow])


@case(ASKS)
def a_model_that_streams() -> AnyGraph:
    model = scripted("every word of this comes by itself", "and so do these")

    async def speak(state: MessagesState) -> Any:
        ran("speak")
        return {"messages": [await model.ainvoke(state["messages"])]}

    async def go_on(state: MessagesState) -> Any:
        ran("go_on")
        return {"messages": [await model.ainvoke(state["messages"])]}

    return line(MessagesState, speak, go_on)


@case(ASKS)
def a_model_in_a_thread_that_streams() -> AnyGraph:
    model = scripted("words from a thread")

    def speak(state: MessagesState) -> Any:
        ran("speak")
        return {"messages": [model.invoke(state["messages"])]}

    return line(MessagesState, speak)


@case(ASKS)
def a_fake_model_of_langchain() -> AnyGraph:
    async def speak(state: MessagesState) -> Any:
        ran("speak")
        model = GenericFakeChatModel(messages=iter([AIMessage("one two three")]))
        return {"messages": [await model.ainvoke(state["messages"])]}

    return line(MessagesState, speak)


@case(ASKS)
def a_model_that_is_not_streamed() -> AnyGraph:
    model = scripted("nobody hears this").with_config(tags=["nostream"])

    async def speak(state: MessagesState) -> Any:
        ran("speak")
        return {"messages": [await model.ainvoke(state["messages"])]}

    return line(MessagesState, speak)


@case(ASKS)
def models_side_by_side() -> AnyGraph:
    def speaker(name: str) -> Any:
        model = scripted(f"I am {name} and I speak")

        async def speak(state: MessagesState) -> Any:
            ran(name)
            return {"messages": [await model.ainvoke(state["messages"])]}

        return speak

    nodes = {"ada": speaker("ada"), "bob": speaker("bob")}
    return wired(MessagesState, nodes, [(START, "ada"), (START, "bob")])


@case(ASKS)
def two_models_in_one_node() -> AnyGraph:
    first = scripted("first of all").with_config(tags=["first"])
    second = scripted("second to none").with_config(tags=["second"])

    async def speak(state: MessagesState) -> Any:
        ran("speak")
        one = await first.ainvoke(state["messages"])
        other = await second.ainvoke(state["messages"])
        return {"messages": [AIMessage(one.text + other.text, id="both")]}

    return line(MessagesState, speak)


@case({"number": 0})
def much_that_is_told() -> AnyGraph:
    return line(Said, _telling("many", 400), works("behind"))
