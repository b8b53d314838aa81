"""What providers and gateways do wrong, over real HTTP; the documents have the same table."""

import logging
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tailrace.shared.jobs import new_job_id
from tailrace.worker.attempt.failures.verdict import explain
from tests.support.gateway import HangsUp, Replies, Reply, Streams, gateway, refusing_url, token
from tests.support.provider_calls import (
    Call,
    aiohttp_disconnected,
    anthropic_stream,
    as_a_cause,
    azure,
    bedrock,
    bedrock_stream,
    beside_a_fault,
    by_aiohttp,
    by_httpx,
    by_httpx_stream,
    by_requests,
    by_socket,
    by_urllib,
    google,
    in_a_faulty_handler,
    in_a_task_group,
    openai_responses,
    openai_streaming,
    openai_whole,
    raised_by,
    while_handled,
)

WORDS = "These are the provider's own words."
AGAIN = ("rate-limited", "unavailable")


@dataclass(frozen=True)
class Case:
    """One way to fail: the row of the document that tells of it, and how it is brought about."""

    provider: str
    sends: str
    call: Call
    reply: Reply | None
    """None: nobody listens."""
    type: str
    words: str | None = WORDS
    """None: the provider says nothing, and a reference is shown."""


def error(http_status: int, **fields: Any) -> Replies:
    return Replies(http_status, {"error": {"message": WORDS, **fields}})


def anthropic(status: int, type_: str, words: str = WORDS) -> Replies:
    return Replies(status, {"type": "error", "error": {"type": type_, "message": words}})


def amazon(status: int, name: str) -> Replies:
    return Replies(status, {"message": WORDS}, {"x-amzn-errortype": name})


def in_stream(**fields: Any) -> Streams:
    failed: dict[str, Any] = {"error": {"message": WORDS, **fields}, "choices": []}
    return Streams((token("Half an "), token("answer"), failed))


HALF = (token("Half an "), token("answer"))
LONG = "This model's maximum context length is 8192 tokens."

OPENAI = [
    Case("OpenAI", f"`{status}`", openai_streaming, error(status), type_)
    for status, type_ in {
        400: "bad-request",
        401: "authentication",
        403: "permission-denied",
        404: "not-found",
        408: "unavailable",
        409: "unavailable",
        422: "bad-request",
        425: "unavailable",
        429: "rate-limited",
        500: "unavailable",
        503: "unavailable",
    }.items()
]
NAMED = [
    Case(
        "OpenAI",
        "`429` with `insufficient_quota`",
        openai_streaming,
        error(429, code="insufficient_quota", type="insufficient_quota"),
        "quota-exceeded",
    ),
    Case(
        "OpenAI",
        "`409` with `x-should-retry: false`",
        openai_streaming,
        Replies(409, {"error": {"message": WORDS}}, {"x-should-retry": "false"}),
        "bad-request",
    ),
    Case(
        "OpenAI",
        "`400` with `context_length_exceeded`",
        openai_streaming,
        error(400, code="context_length_exceeded", type="invalid_request_error"),
        "context-length",
    ),
    Case(
        "OpenAI",
        "the Responses API: an `error` event with `rate_limit_exceeded`",
        openai_responses,
        Streams(({"type": "error", "code": "rate_limit_exceeded", "message": WORDS},)),
        "rate-limited",
    ),
    Case(
        "OpenAI",
        "the Responses API: an `error` event with `server_error`",
        openai_responses,
        Streams(({"type": "error", "code": "server_error", "message": WORDS},)),
        "unavailable",
    ),
]
AZURE = [
    Case("Azure", "`429` with code `429`", azure, error(429, code="429"), "rate-limited"),
    Case("Azure", "`401` with code `401`", azure, error(401, code="401"), "authentication"),
    Case(
        "Azure",
        "`404` with `DeploymentNotFound`",
        azure,
        error(404, code="DeploymentNotFound"),
        "not-found",
    ),
    Case(
        "Azure",
        "`400` with `content_filter`",
        azure,
        error(400, code="content_filter"),
        "bad-request",
    ),
]
GATEWAYS = [
    Case(
        "OpenRouter, LiteLLM",
        "`200`, two tokens, then an error with code `429`",
        openai_streaming,
        in_stream(code=429),
        "rate-limited",
    ),
    Case(
        "OpenRouter, LiteLLM",
        "`200`, two tokens, then an error with code `429`",
        openai_streaming,
        in_stream(code="429", type="None", param="None"),
        "rate-limited",
    ),
    Case(
        "OpenRouter, LiteLLM",
        "`200`, two tokens, then an error with code `502`",
        openai_streaming,
        in_stream(code=502),
        "unavailable",
    ),
    Case(
        "OpenRouter, LiteLLM",
        "`200`, two tokens, then an error with code `402`",
        openai_streaming,
        in_stream(code=402),
        "quota-exceeded",
    ),
    Case(
        "OpenRouter, LiteLLM",
        "`200`, two tokens, then an error that is only a text",
        openai_streaming,
        Streams((*HALF, {"error": WORDS})),
        "unavailable",
    ),
    Case(
        "OpenRouter, LiteLLM",
        "`200` without a stream, and an error with code `429` in it",
        openai_whole,
        Replies(200, {"error": {"code": 429, "message": WORDS}}),
        "rate-limited",
    ),
    Case(
        "OpenRouter, LiteLLM",
        "`402`, credits used up",
        openai_streaming,
        error(402, code=402),
        "quota-exceeded",
    ),
    Case(
        "llama.cpp",
        "`400` with `exceed_context_size_error`",
        openai_streaming,
        error(400, code=400, type="exceed_context_size_error"),
        "context-length",
    ),
    Case(
        "a proxy",
        "`502` with a page of HTML",
        openai_streaming,
        Replies(502, "<html><h1>Bad gateway</h1></html>"),
        "unavailable",
        "The provider's response was 502 Bad Gateway",
    ),
]
ANTHROPIC = [
    Case(
        "Anthropic",
        "`529` with `overloaded_error`",
        by_httpx,
        anthropic(529, "overloaded_error"),
        "unavailable",
    ),
    Case(
        "Anthropic",
        "`429` with `rate_limit_error`",
        by_httpx,
        anthropic(429, "rate_limit_error"),
        "rate-limited",
    ),
    Case(
        "Anthropic",
        "`401` with `authentication_error`",
        by_httpx,
        anthropic(401, "authentication_error"),
        "authentication",
    ),
    Case(
        "Anthropic",
        "`400`, the prompt is too long",
        by_httpx,
        anthropic(400, "invalid_request_error", "prompt is too long: 9 tokens > 8 maximum"),
        "context-length",
        "prompt is too long: 9 tokens > 8 maximum",
    ),
    Case(
        "Anthropic",
        "`200`, then an `error` event with `overloaded_error`",
        anthropic_stream,
        Streams(
            ({"type": "error", "error": {"type": "overloaded_error", "message": WORDS}},),
            named="error",
        ),
        "unavailable",
    ),
]
BEDROCK = [
    Case(
        "Bedrock",
        "`400` with `ThrottlingException`",
        bedrock,
        amazon(400, "ThrottlingException"),
        "rate-limited",
    ),
    Case(
        "Bedrock",
        "`throttlingException` within a stream",
        bedrock_stream,
        HangsUp(),
        "rate-limited",
        "Too many tokens, please wait.",
    ),
    Case(
        "Bedrock",
        "`503` with `ServiceUnavailableException`",
        bedrock,
        amazon(503, "ServiceUnavailableException"),
        "unavailable",
    ),
    Case(
        "Bedrock",
        "`403` with `AccessDeniedException`",
        bedrock,
        amazon(403, "AccessDeniedException"),
        "permission-denied",
    ),
    Case(
        "Bedrock",
        "`400` with `ServiceQuotaExceededException`",
        bedrock,
        amazon(400, "ServiceQuotaExceededException"),
        "quota-exceeded",
    ),
]
GOOGLE = [
    Case(
        "Google",
        "`429` with `RESOURCE_EXHAUSTED`",
        google,
        error(429, code=429, status="RESOURCE_EXHAUSTED"),
        "rate-limited",
    ),
    Case(
        "Google",
        "`503` with `UNAVAILABLE`",
        google,
        error(503, code=503, status="UNAVAILABLE"),
        "unavailable",
    ),
    Case(
        "Google",
        "`400` with `INVALID_ARGUMENT`",
        google,
        error(400, code=400, status="INVALID_ARGUMENT"),
        "bad-request",
    ),
]
ANY_HTTP = [
    Case("any, by httpx", "`429`", by_httpx, Replies(429, WORDS), "rate-limited"),
    Case("any, by httpx", "`503`", by_httpx, Replies(503, {"detail": WORDS}), "unavailable"),
    Case(
        "any, by httpx",
        "`404`",
        by_httpx,
        Replies(404),
        "not-found",
        "The provider's response was 404 Not Found",
    ),
    Case("any, by requests", "`429`", by_requests, Replies(429, WORDS), "rate-limited"),
    Case("any, by requests", "`500`", by_requests, error(500), "unavailable"),
    Case(
        "any, by aiohttp",
        "`429`",
        by_aiohttp,
        Replies(429, WORDS),
        "rate-limited",
        "Too Many Requests",
    ),
    Case(
        "any, by urllib",
        "`503`",
        by_urllib,
        Replies(503, WORDS),
        "unavailable",
        "HTTP Error 503: X",
    ),
]
REFUSED = [
    Case("any", "a refused connection", call, None, "unavailable", None)
    for call in (openai_streaming, by_httpx, by_requests, by_urllib, by_socket)
]
HUNG_UP = [
    Case("any", "a connection that closes before a response", call, HangsUp(), "unavailable", None)
    for call in (openai_streaming, by_httpx, by_requests, by_urllib, aiohttp_disconnected)
]
RESET = [
    Case(
        "any",
        "a connection that is cut in the middle of a stream",
        call,
        Streams(HALF, "reset"),
        "unavailable",
        None,
    )
    for call in (openai_streaming, by_httpx_stream, by_requests, by_urllib)
]
SILENT = [
    Case("any", "silence, up to a timeout", call, Streams(HALF, "silence"), "unavailable", None)
    for call in (
        partial(patient, timeout_s=0.3)
        for patient in (openai_streaming, by_httpx_stream, by_requests, by_urllib)
    )
]
CUT_OFF = "The model's output was cut off before its end."
CUT = [
    Case(
        "OpenAI-compatible, by langchain-openai",
        "a stream that ends without a finish reason",
        call,
        Streams(HALF),
        "unavailable",
        CUT_OFF,
    )
    for call in (openai_streaming, azure)
]
CUT_ELSEWHERE = [
    Case(
        "OpenAI-compatible, by langchain-openai",
        "a stream that ends without a finish reason",
        openai_responses,
        Streams(
            (
                {
                    "type": "response.output_text.delta",
                    "delta": "Half",
                    "item_id": "i",
                    "output_index": 0,
                    "content_index": 0,
                    "sequence_number": 1,
                    "logprobs": [],
                },
            )
        ),
        "unavailable",
        CUT_OFF,
    ),
    Case(
        "OpenAI-compatible, by langchain-openai",
        "a stream that ends before its first token",
        openai_streaming,
        Streams(()),
        "unavailable",
        None,
    ),
]
WRAPPED = [
    Case("any", f"`429`, {how}", call, error(429), type_, words)
    for how, call, type_, words in (
        ("in an `asyncio.TaskGroup`", in_a_task_group, "rate-limited", WORDS),
        ("in a group beside another error", beside_a_fault, "internal", None),
        ("as the `__cause__` of another error", as_a_cause, "rate-limited", WORDS),
        ("while it was handled, another error", while_handled, "rate-limited", WORDS),
        ("while it was handled, a `KeyError`", in_a_faulty_handler, "internal", None),
    )
]
CASES = [
    *(*OPENAI, *NAMED, *AZURE, *GATEWAYS, *ANTHROPIC, *BEDROCK, *GOOGLE),
    *(*ANY_HTTP, *REFUSED, *HUNG_UP, *RESET, *SILENT, *CUT, *CUT_ELSEWHERE, *WRAPPED),
]


def name(case: Case) -> str:
    call = case.call.func if isinstance(case.call, partial) else case.call
    return f"{case.provider} {case.sends} {getattr(call, '__name__', '')}"


@pytest.mark.parametrize("case", CASES, ids=name)
async def test_what_a_provider_does_wrong_is_told_as_the_document_says(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    if case.reply is None:
        raised = await raised_by(case.call, refusing_url())
    else:
        async with gateway(case.reply) as url:
            raised = await raised_by(case.call, url)
    caplog.clear()
    caplog.set_level(logging.ERROR)
    told = explain(raised, new_job_id()).error

    assert (told.type, told.retryable) == (case.type, case.type in AGAIN)
    if case.words is None:
        [record] = caplog.records
        assert f"Reference: {vars(record)['reference']}" in told.detail
    else:
        assert (told.detail, caplog.records) == (case.words, [])
