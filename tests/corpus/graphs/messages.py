"""States of messages: added, removed, trimmed."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

from typing import Annotated, Any

from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    HumanMessage,
    RemoveMessage,
    trim_messages,
)
from langgraph.graph import MessagesState
from langgraph.graph.message import REMOVE_ALL_MESSAGES, add_messages
from typing_extensions import TypedDict

from tests.corpus.case import AnyGraph, case, line
from tests.corpus.counting import ran


@case({"messages": [{"role": "user", "content": "hi"}]})
def messages_that_are_added() -> AnyGraph:
    async def answer(state: MessagesState) -> Any:
        ran("answer")
        return {"messages": [("ai", f"you said {state['messages'][-1].content}")]}

    async def doubt(state: MessagesState) -> Any:
        ran("doubt")
        return {"messages": HumanMessage(f"{len(state['messages'])}?", id="doubt")}

    async def correct(state: MessagesState) -> Any:  # noqa: ARG001
        ran("correct")
        return {"messages": [HumanMessage("never mind", id="doubt"), AIMessage("well", id="well")]}

    return line(MessagesState, answer, doubt, correct)


@case({"messages": "just a text"})
def messages_given_as_a_text() -> AnyGraph:
    async def answer(state: MessagesState) -> Any:
        ran("answer")
        return {"messages": ("ai", state["messages"][-1].text)}

    return line(MessagesState, answer)


@case({"messages": {"role": "user", "content": "one dict"}})
def messages_given_as_one_dict() -> AnyGraph:
    async def answer(state: MessagesState) -> Any:
        ran("answer")
        return {"messages": {"role": "assistant", "content": state["messages"][-1].text}}

    return line(MessagesState, answer)


@case({"messages": [["user", "a pair"], ["ai", "and another"]]})
def messages_given_as_pairs() -> AnyGraph:
    async def answer(state: MessagesState) -> Any:
        ran("answer")
        return {"messages": [("ai", str(len(state["messages"])))]}

    return line(MessagesState, answer)


@case({"messages": [("user", f"m{n}") for n in range(6)]})
def messages_that_are_removed() -> AnyGraph:
    async def forget(state: MessagesState) -> Any:
        ran("forget")
        return {"messages": [RemoveMessage(str(m.id)) for m in state["messages"][:-2]]}

    async def speak(state: MessagesState) -> Any:
        ran("speak")
        return {"messages": [("ai", f"{len(state['messages'])} are left")]}

    return line(MessagesState, forget, speak)


@case({"messages": [("user", "a"), ("ai", "b")]})
def all_messages_removed() -> AnyGraph:
    async def clear(state: MessagesState) -> Any:  # noqa: ARG001
        ran("clear")
        return {"messages": [RemoveMessage(REMOVE_ALL_MESSAGES), HumanMessage("anew")]}

    return line(MessagesState, clear)


@case({"messages": [("user", f"message number {n}") for n in range(9)]})
def messages_that_are_trimmed() -> AnyGraph:
    async def speak(state: MessagesState) -> Any:
        ran("speak")
        kept = trim_messages(state["messages"], max_tokens=3, token_counter=len, strategy="last")
        return {"messages": [("ai", " / ".join(m.text for m in kept))]}

    return line(MessagesState, speak)


class Chat(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    summary: str


@case({"messages": [("user", f"m{n}") for n in range(5)], "summary": ""})
def a_chat_that_is_summarised() -> AnyGraph:
    async def summarise(state: Chat) -> Any:
        ran("summarise")
        old = state.get("messages", [])[:-1]
        said = ", ".join(m.text for m in old)
        return {"summary": said, "messages": [RemoveMessage(str(m.id)) for m in old]}

    async def speak(state: Chat) -> Any:
        ran("speak")
        return {"messages": [AIMessage(f"so far: {state.get('summary')}")]}

    return line(Chat, summarise, speak)
