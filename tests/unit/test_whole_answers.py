"""Which answers of a chat model count as cut off, and where that is noticed."""

from collections.abc import Mapping
from typing import Any, TypedDict

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langgraph.graph import START, StateGraph

from tailrace.worker.attempt.failures.provider_errors.trouble import AnswerCutOff
from tailrace.worker.attempt.failures.whole_answers import whole_answers
from tests.support.gateway import Replies, Reply, Streams, gateway, token
from tests.support.provider_calls import openai_streaming, openai_whole


class Text(TypedDict, total=False):
    text: str


def whole(**choice: Any) -> Replies:
    """A response of the Chat Completions API that is no stream."""
    message = {"role": "assistant", "content": "Water."}
    common: Mapping[str, Any] = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}
    return Replies(200, {**common, "choices": [{"index": 0, "message": message, **choice}]})


async def answer(reply: Reply) -> AIMessage:
    call = openai_streaming if isinstance(reply, Streams) else openai_whole
    async with gateway(reply) as url:
        with whole_answers():
            message = await call(url)
    assert isinstance(message, AIMessage)
    return message


@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls", "content_filter"])
async def test_a_stream_with_a_finish_reason_is_whole(reason: str) -> None:
    parts = (token("Water "), token("turns."), token("", reason), "[DONE]")

    assert (await answer(Streams(parts))).text == "Water turns."


@pytest.mark.parametrize(
    "parts",
    [
        (token("Water "), token("turns.")),
        (token("Water "), token("turns."), "[DONE]"),
        (token("Water "), token("", "error"), "[DONE]"),
    ],
    ids=["closed", "no reason", "an error for a reason"],
)
async def test_a_stream_without_one_is_cut_off(parts: tuple[Any, ...]) -> None:
    with pytest.raises(AnswerCutOff, match="cut off"):
        await answer(Streams(parts))


async def test_an_answer_that_is_no_stream_is_whole_even_without_a_reason() -> None:
    assert (await answer(whole())).text == "Water."


async def test_an_answer_of_another_provider_is_left_alone() -> None:
    model = GenericFakeChatModel(messages=iter([AIMessage("Water turns.")]))
    with whole_answers():
        assert (await model.ainvoke("hello")).text == "Water turns."


async def test_nothing_is_looked_at_outside_of_a_run() -> None:
    async with gateway(Streams((token("Water "), token("turns.")))) as url:
        with whole_answers():
            pass
        message: Any = await openai_streaming(url)
    assert message.text == "Water turns."


class Ears(BaseCallbackHandler):
    """A graph's own callback."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def on_llm_end(self, *_: Any, **__: Any) -> None:
        self.heard.append("end")


@pytest.mark.parametrize("end", [token("", "stop"), token(".")], ids=["whole", "cut off"])
async def test_it_is_noticed_within_a_node_and_the_graphs_own_callbacks_stay(end: Any) -> None:
    async with gateway(Streams((token("Water"), end))) as url:

        async def call(_: Text) -> Text:
            try:
                message: Any = await openai_streaming(url)
            except AnswerCutOff:
                return {"text": "noticed"}
            return {"text": message.text}

        ears = Ears()
        builder: Any = StateGraph(Text)
        builder.add_node("call", call)
        builder.add_edge(START, "call")
        graph = builder.compile().with_config(callbacks=[ears])
        with whole_answers():
            state = await graph.ainvoke({"text": ""})

    is_whole = end["choices"][0]["finish_reason"] is not None
    assert state == {"text": "Water" if is_whole else "noticed"}
    assert ears.heard == ["end"] * is_whole
