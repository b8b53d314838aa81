from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import openai
import pytest
from langchain_openai import ChatOpenAI

from tailrace.worker.graphs.chat_model import ModelNotConfigured, chat_model
from tests.support.openai_server import RATE_LIMITED, USAGE, OpenAIServer, Says, Turn, openai_server


@asynccontextmanager
async def endpoint(monkeypatch: pytest.MonkeyPatch, *turns: Turn) -> AsyncGenerator[OpenAIServer]:
    async with openai_server(*turns) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


async def openai_model(max_tokens: int | None = None) -> ChatOpenAI:
    model = await chat_model(max_tokens)
    assert isinstance(model, ChatOpenAI)
    return model


async def test_with_nothing_set_the_error_names_everything_that_would_help() -> None:
    with pytest.raises(ModelNotConfigured) as caught:
        await chat_model()
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MODEL", "'local'", "tailrace.deploy.local"):
        assert name in str(caught.value)


async def test_a_base_url_without_a_model_asks_for_MODEL(monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: N802
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1")
    with pytest.raises(ModelNotConfigured, match="Set MODEL"):
        await chat_model()


@pytest.mark.parametrize("url", ["127.0.0.1:11434/v1", "ftp://host/v1", "http://", "nonsense"])
async def test_a_base_url_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    monkeypatch.setenv("MODEL", "any")
    with pytest.raises(ModelNotConfigured, match="OPENAI_BASE_URL has to begin with"):
        await chat_model()


async def test_a_key_alone_means_openai_and_a_model_of_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    model = await openai_model()
    assert model.openai_api_base == "https://api.openai.com/v1"
    assert model.model_name.startswith("gpt-")


async def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    monkeypatch.setenv("MODEL", "")
    assert (await openai_model()).openai_api_base == "https://api.openai.com/v1"


async def test_the_environment_is_read_at_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    for name in ("one", "another"):
        monkeypatch.setenv("MODEL", name)
        assert (await openai_model()).model_name == name


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        ("https://api.openai.com/v1", "max_completion_tokens"),
        ("https://eu.api.openai.com/v1", "max_completion_tokens"),
        ("https://mine.openai.azure.com/openai/v1", "max_completion_tokens"),
        ("http://127.0.0.1:11434/v1", "max_tokens"),
        ("https://notopenai.com/v1", "max_tokens"),
    ],
)
async def test_the_limit_goes_by_the_name_that_the_endpoint_obeys(
    monkeypatch: pytest.MonkeyPatch, base_url: str, name: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", base_url)
    monkeypatch.setenv("MODEL", "any")
    assert (await openai_model(7)).extra_body == {name: 7}


async def test_a_call_asks_for_a_stream_with_usage_and_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with endpoint(monkeypatch, Says("one two three")) as server:
        await (await chat_model(7)).ainvoke("say something")
    body = server.requests[0].body
    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True}
    assert body["max_tokens"] == 7
    assert "max_completion_tokens" not in body
    assert "temperature" not in body


async def test_text_comes_token_by_token_and_the_usage_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with endpoint(monkeypatch, Says("one two three")):
        chunks = [chunk async for chunk in (await chat_model()).astream("say something")]
    assert "".join(str(chunk.text) for chunk in chunks) == "one two three"
    assert len([chunk for chunk in chunks if chunk.text]) > 1
    usages = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    assert [usage["total_tokens"] for usage in usages] == [USAGE["total_tokens"]]


async def test_an_endpoint_without_a_key_gets_a_placeholder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with endpoint(monkeypatch) as server:
        await (await chat_model()).ainvoke("say something")
    assert server.requests[0].headers["authorization"].startswith("Bearer ")


async def test_a_rate_limit_that_passes_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async with endpoint(monkeypatch, RATE_LIMITED, RATE_LIMITED, Says("at last")) as server:
        reply = await (await chat_model()).ainvoke("say something")
    assert reply.text == "at last"
    assert len(server.requests) == 3


async def test_a_rate_limit_that_stays_is_given_up_after_two_retries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with endpoint(monkeypatch, RATE_LIMITED) as server:
        with pytest.raises(openai.RateLimitError, match="Rate limit reached"):
            await (await chat_model()).ainvoke("say something")
    assert len(server.requests) == 3
