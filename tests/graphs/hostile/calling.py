"""A node that asks the model, before it a node that need not run again."""

from typing import Any, TypedDict

from langgraph.graph import START, StateGraph

from tailrace.worker.graphs.chat_model import chat_model


class Text(TypedDict, total=False):
    text: str


async def call(_: Text) -> Text:
    model = await chat_model()
    reply = await model.ainvoke("Say something.")
    return {"text": str(reply.text)}


builder: Any = StateGraph(Text)
builder.add_node("call", call)
builder.add_edge(START, "call")
calls = builder.compile()
