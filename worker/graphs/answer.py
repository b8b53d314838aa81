"""Answers a question in a few sentences, from a text that you may give along with it.

The answer streams token by token. Without a text the model answers from what it knows.
"""

from langchain_core.messages import HumanMessage, SystemMessage
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from tailrace.worker.graphs.chat_model import chat_model

MAX_TOKENS = 500

SYSTEM = (
    "You are an assistant for question-answering tasks. Use the pieces of retrieved context, "
    "if there are any, to answer the question. If you don't know the answer, say that you don't "
    "know. Use three sentences maximum and keep the answer concise."
)
WITH_CONTEXT = "Context:\n{context}\n\nQuestion: {question}"


class AnswerInput(BaseModel):
    """What to answer, and from what."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(
        min_length=1,
        max_length=4_000,
        pattern=r"\S",
        description="The question to answer.",
        examples=["What color is the sky?"],
    )
    context: str = Field(
        default="",
        max_length=100_000,
        description="Text to answer from; the model's own context length limits it further.",
    )
    system: str = Field(
        default=SYSTEM,
        min_length=1,
        max_length=10_000,
        description="The system prompt: how the model is to answer.",
    )


class AnswerOutput(TypedDict):
    """The question with its answer."""

    question: str
    answer: str


async def respond(state: AnswerInput) -> dict[str, str]:
    """Put the question, with its context, to the model."""
    messages = [SystemMessage(state.system), HumanMessage(_task(state))]
    model = await chat_model(max_tokens=MAX_TOKENS)
    reply = await model.ainvoke(messages)
    return {"answer": str(reply.text)}


def _task(state: AnswerInput) -> str:
    if not state.context.strip():
        return state.question
    return WITH_CONTEXT.format(context=state.context, question=state.question)


builder = StateGraph(AnswerInput, input_schema=AnswerInput, output_schema=AnswerOutput)
builder.add_node("respond", respond)
builder.add_edge(START, "respond")
builder.add_edge("respond", END)
graph = builder.compile(name="answer")
