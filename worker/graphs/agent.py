"""Answers a question with the help of tools: a calculator, a clock and a word counter.

The model asks for a tool, reads its output and continues, for a few rounds at most. Tokens stream,
and so does the tools' output; a tool that can't do what was asked tells the model. This needs a
model that can call tools: the small local one can't, and answers without them.
"""

from typing import Annotated

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import ToolException
from langgraph.graph import START, StateGraph, add_messages
from langgraph.prebuilt import ToolNode, tools_condition
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from tailrace.worker.graphs.chat_model import chat_model
from tailrace.worker.graphs.tools import calculate, count_words, current_time

MAX_TOKENS = 500
MAX_ROUNDS = 5
"""After so many rounds of tools the model has to answer with what it has."""

TOOLS = [calculate, current_time, count_words]
SYSTEM = (
    "You are a helpful assistant with tools. Use a tool for arithmetic, for the time and for "
    "counting words. Once you know the answer, give it in one or two sentences."
)


class AgentInput(BaseModel):
    """What to find out."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(
        default="What is 17 * 23, and what time is it in Tokyo?",
        min_length=1,
        max_length=4_000,
        pattern=r"\S",
        description="The question to answer.",
    )


class AgentState(AgentInput):
    """The question, and what model and tools have said about it."""

    messages: Annotated[list[AnyMessage], add_messages] = Field(default=[])


class AgentOutput(TypedDict):
    """The question with its answer."""

    question: str
    answer: str


async def think(state: AgentState) -> dict[str, str | list[AIMessage]]:
    """Let the model answer, or ask for tools."""
    prompt = [SystemMessage(SYSTEM), HumanMessage(state.question), *state.messages]
    model = await _model(state)
    reply = await model.ainvoke(prompt)
    if reply.tool_calls:
        return {"messages": [reply]}
    return {"messages": [reply], "question": state.question, "answer": str(reply.text)}


async def _model(state: AgentState) -> Runnable[LanguageModelInput, AIMessage]:
    model = await chat_model(max_tokens=MAX_TOKENS)
    rounds = sum(isinstance(message, AIMessage) for message in state.messages)
    return model.bind_tools(TOOLS) if rounds < MAX_ROUNDS else model


def explain(error: ToolException) -> str:
    """What the model reads if a tool can't do what was asked."""
    return f"Error: {error}"


builder = StateGraph(AgentState, input_schema=AgentInput, output_schema=AgentOutput)
builder.add_node("think", think)
builder.add_node("tools", ToolNode(TOOLS, handle_tool_errors=explain))
builder.add_edge(START, "think")
builder.add_conditional_edges("think", tools_condition)
builder.add_edge("tools", "think")
graph = builder.compile(name="agent")
