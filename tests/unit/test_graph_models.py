"""The graphs that talk to a model: article, answer, agent."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import openai
import pytest
from langchain_core.messages import AIMessageChunk, ToolMessage

from tailrace.worker.graphs import agent, answer, article
from tailrace.worker.graphs.chat_model import ModelNotConfigured
from tests.support.openai_server import (
    BreaksOff,
    Calls,
    OpenAIServer,
    Says,
    Turn,
    openai_server,
)

ARTICLE, ANSWER, AGENT = cast("Any", (article.graph, answer.graph, agent.graph))
CALCULATES = Calls((("calculate", {"expression": "17 * 23"}),))


@asynccontextmanager
async def endpoint(monkeypatch: pytest.MonkeyPatch, *turns: Turn) -> AsyncGenerator[OpenAIServer]:
    async with openai_server(*turns) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


async def tokens(graph: Any, value: dict[str, object]) -> list[tuple[str, str]]:
    """Node and text of every token, as they come."""
    return [
        (metadata["langgraph_node"], str(message.text))
        async for message, metadata in graph.astream(value, stream_mode="messages")
        if isinstance(message, AIMessageChunk) and message.text
    ]


def prompt(server: OpenAIServer, request: int = 0) -> list[tuple[str, str]]:
    messages = server.requests[request].body["messages"]
    return [(message["role"], message.get("content") or "") for message in messages]


async def test_an_article_comes_from_an_outline_that_comes_from_an_idea(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turns = Says("An idea."), Says("1. A heading"), Says("The text.")
    async with endpoint(monkeypatch, *turns) as server:
        result = await ARTICLE.ainvoke({"topic": "rivers"})
    assert result == {
        "topic": "rivers",
        "idea": "An idea.",
        "outline": "1. A heading",
        "article": "The text.",
    }
    assert "rivers" in prompt(server, 0)[-1][1]
    assert "An idea." in prompt(server, 1)[-1][1]
    assert "1. A heading" in prompt(server, 2)[-1][1]
    assert [request.body["max_tokens"] for request in server.requests] == [300, 300, 300]


async def test_every_node_of_an_article_streams_its_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    async with endpoint(monkeypatch, Says("one two three")):
        seen = await tokens(ARTICLE, {"topic": "rivers"})
    for node in ("brainstorm", "write_outline", "write_article"):
        own = [text for name, text in seen if name == node]
        assert len(own) > 1
        assert "".join(own) == "one two three"


async def test_braces_in_a_topic_are_only_text(monkeypatch: pytest.MonkeyPatch) -> None:
    async with endpoint(monkeypatch, Says("{idea} {0}")) as server:
        await ARTICLE.ainvoke({"topic": "{topic} {unknown} %s"})
    assert "{topic} {unknown} %s" in prompt(server, 2)[-1][1]


async def test_an_answer_is_asked_for_in_the_words_of_the_default_prompt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with endpoint(monkeypatch, Says("Blue.")) as server:
        result = await ANSWER.ainvoke({"question": "What color is the sky?"})
    assert result == {"question": "What color is the sky?", "answer": "Blue."}
    assert prompt(server) == [("system", answer.SYSTEM), ("user", "What color is the sky?")]


async def test_context_and_system_prompt_reach_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"question": "Who?", "context": "Marta keeps it.", "system": "Be brief."}
    async with endpoint(monkeypatch) as server:
        await ANSWER.ainvoke(value)
    system, human = prompt(server)
    assert system == ("system", "Be brief.")
    assert "Marta keeps it." in human[1]
    assert "Who?" in human[1]


async def test_an_answer_streams_its_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    async with endpoint(monkeypatch, Says("It is blue.")):
        seen = await tokens(ANSWER, {"question": "What color is the sky?"})
    assert "".join(text for _, text in seen) == "It is blue."
    assert len(seen) > 1


@pytest.mark.parametrize("graph", [ARTICLE, ANSWER, AGENT])
async def test_without_a_model_the_run_fails_at_once_and_says_what_to_set(graph: Any) -> None:
    with pytest.raises(ModelNotConfigured, match="OPENAI_API_KEY"):
        await graph.ainvoke({"topic": "rivers", "question": "Why?"})


async def test_an_answer_that_breaks_off_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    async with endpoint(monkeypatch, BreaksOff("It is")):
        with pytest.raises(openai.APIConnectionError):
            await ANSWER.ainvoke({"question": "What color is the sky?"})


async def test_the_agent_gives_the_tool_s_answer_back_to_the_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with endpoint(monkeypatch, CALCULATES, Says("It is 391.")) as server:
        result = await AGENT.ainvoke({"question": "What is 17 * 23?"})
    assert result == {"question": "What is 17 * 23?", "answer": "It is 391."}
    assert prompt(server, 1)[-1] == ("tool", "391")
    offered = [tool["function"]["name"] for tool in server.requests[0].body["tools"]]
    assert offered == ["calculate", "current_time", "count_words"]


async def test_the_agent_s_default_question_reaches_the_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with endpoint(monkeypatch, Says("391, and noon.")) as server:
        result = await AGENT.ainvoke({})
    assert "Tokyo" in result["question"]
    assert "Tokyo" in prompt(server)[1][1]


async def test_tool_calls_tool_answers_and_tokens_all_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[str | None] = []
    answers: list[str] = []
    async with endpoint(monkeypatch, CALCULATES, Says("It is 391.")):
        async for message, _ in AGENT.astream(
            {"question": "What is 17 * 23?"}, stream_mode="messages"
        ):
            if isinstance(message, AIMessageChunk):
                calls += [chunk["name"] for chunk in message.tool_call_chunks]
            if isinstance(message, ToolMessage):
                answers.append(str(message.text))
    assert "calculate" in calls
    assert answers == ["391"]


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("calculate", {"expression": "1 / 0"}, "division by zero"),
        ("calculate", {"wrong": "1"}, "expression"),
        ("current_time", {"time_zone": "Mars"}, "no time zone"),
        ("launch", {}, "launch"),
    ],
)
async def test_a_tool_that_fails_says_so_to_the_model_and_the_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, tool: str, arguments: dict[str, object], words: str
) -> None:
    async with endpoint(monkeypatch, Calls(((tool, arguments),)), Says("Sorry.")) as server:
        result = await AGENT.ainvoke({"question": "Please."})
    assert result["answer"] == "Sorry."
    role, text = prompt(server, 1)[-1]
    assert role == "tool"
    assert words in text


async def test_two_tools_of_one_round_are_both_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    both = Calls((("calculate", {"expression": "2 + 2"}), ("count_words", {"text": "a b c"})))
    async with endpoint(monkeypatch, both, Says("4 and 3.")) as server:
        await AGENT.ainvoke({"question": "Please."})
    assert prompt(server, 1)[-2:] == [("tool", "4"), ("tool", "3 words, 5 characters")]


async def test_a_model_that_only_ever_calls_tools_is_offered_none_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rounds = [CALCULATES] * agent.MAX_ROUNDS
    async with endpoint(monkeypatch, *rounds, Says("391, then.")) as server:
        result = await AGENT.ainvoke({"question": "What is 17 * 23?"})
    assert result["answer"] == "391, then."
    assert [("tools" in request.body) for request in server.requests] == [
        *[True] * agent.MAX_ROUNDS,
        False,
    ]
