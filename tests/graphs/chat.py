"""A conversation and a tool's answer, with LangChain's own fake models in place of a real one."""

from itertools import repeat

from langchain_core.language_models import (
    FakeMessagesListChatModel,
    GenericFakeChatModel,
)
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode

ANSWER = "Water runs downhill."
CALL = AIMessage(
    "Let me look.",
    tool_calls=[{"name": "height_of", "args": {"place": "mill"}, "id": "call-1"}],
)


@tool
def height_of(place: str) -> str:
    """How high a place lies, in metres."""
    return f"{place}: 12"


async def talk(state: MessagesState) -> dict[str, list[BaseMessage]]:
    model = GenericFakeChatModel(messages=repeat(ANSWER))
    return {"messages": [await model.ainvoke(state["messages"])]}


async def call(state: MessagesState) -> dict[str, list[BaseMessage]]:
    model = FakeMessagesListChatModel(responses=[CALL])
    return {"messages": [await model.ainvoke(state["messages"])]}


_chat = StateGraph(MessagesState)
_chat.add_node("talk", talk)
_chat.add_edge(START, "talk")
chat = _chat.compile()

_tools = StateGraph(MessagesState)
_tools.add_node("call", call)
_tools.add_node("tools", ToolNode([height_of]))
_tools.add_edge(START, "call")
_tools.add_edge("call", "tools")
tools = _tools.compile()
