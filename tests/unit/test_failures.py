import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import openai
import pytest
from langchain_openai import ChatOpenAI
from langgraph.errors import EmptyInputError, GraphRecursionError

from tailrace.shared.errors import Unserializable
from tailrace.shared.jobs import JobError, JobId, new_job_id
from tailrace.worker.attempt.failures.verdict import explain as explained
from tailrace.worker.attempt.failures.verdict import explain_to_developer
from tailrace.worker.attempt.limits import RESULT_TOO_LARGE, LimitExceeded
from tailrace.worker.graphs.chat_model import NEITHER_SET, ModelNotConfigured

KEY = "sk-secret"
SECRETS = f"{KEY} /srv/x redis://u:p@h"
JOB = new_job_id()

Answer = Callable[[httpx2.Request], httpx2.Response]


class BrokenStream(httpx2.AsyncByteStream):
    """An answer that is cut in its middle."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'data: {"choices": [{"index": 0, "delta": {"content": "Water"}}]}\n\n'
        raise httpx2.RemoteProtocolError(SECRETS)


def explain(error: Exception, job_id: JobId) -> JobError:
    return explained(error, job_id).error


async def failure(answer: Answer) -> Exception:
    """What a graph's model call raises when its endpoint answers so."""
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
        options: Any = {"api_key": KEY, "http_async_client": client}
        model = ChatOpenAI(model="m", max_retries=0, streaming=True, **options)
        with pytest.raises((openai.OpenAIError, httpx2.HTTPError)) as caught:
            await model.ainvoke("hello")
    return caught.value


async def refusal(status: int, **error: Any) -> Exception:
    return await failure(lambda _: httpx2.Response(status, json={"error": error}))


async def refusal_in_the_stream(**error: Any) -> Exception:
    event = httpx2.Response(200, json={"error": error}).content
    headers = {"content-type": "text/event-stream"}
    return await failure(
        lambda _: httpx2.Response(200, headers=headers, content=b"data: " + event + b"\n\n")
    )


async def test_a_rate_limit_is_passed_on_and_may_be_tried_again() -> None:
    error = await refusal(429, message="Slow down.", code="rate_limit_exceeded")

    assert explain(error, JOB) == JobError("rate-limited", "Slow down.", retryable=True)


async def test_a_spent_quota_is_passed_on_and_trying_again_does_not_help() -> None:
    error = await refusal(429, message="Check your plan.", code="insufficient_quota")

    assert explain(error, JOB) == JobError("quota-exceeded", "Check your plan.")


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_refused_key_is_passed_on(status: int) -> None:
    error = await refusal(status, message="No such key.", code="invalid_api_key")

    assert explain(error, JOB) == JobError("authentication", "No such key.")


@pytest.mark.parametrize(
    ("code", "type_"),
    [
        ("context_length_exceeded", "invalid_request_error"),
        (400, "exceed_context_size_error"),
    ],
    ids=["OpenAI", "llama.cpp"],
)
async def test_a_prompt_too_long_is_passed_on(code: object, type_: str) -> None:
    error = await refusal(400, message="Too many tokens.", code=code, type=type_)

    assert explain(error, JOB) == JobError("context-length", "Too many tokens.")


async def test_a_prompt_too_long_is_passed_on_where_only_the_words_say_so() -> None:
    words = "Input tokens exceed the configured limit of 10 tokens."

    assert explain(await refusal(400, message=words), JOB) == JobError("context-length", words)


async def test_a_prompt_too_long_is_passed_on_from_within_a_stream() -> None:
    words = "Your input exceeds the context window of this model."
    error = await refusal_in_the_stream(message=words, code="context_length_exceeded")

    assert explain(error, JOB) == JobError("context-length", words)


@pytest.mark.parametrize(
    ("code", "type_"),
    [("rate_limit_exceeded", "rate-limited"), ("insufficient_quota", "quota-exceeded")],
)
async def test_a_limit_is_passed_on_from_within_a_stream(code: str, type_: str) -> None:
    error = explain(await refusal_in_the_stream(message="Enough.", code=code), JOB)

    assert (error.type, error.detail) == (type_, "Enough.")


async def test_a_stream_that_is_cut_may_be_tried_again() -> None:
    headers = {"content-type": "text/event-stream"}
    error = await failure(lambda _: httpx2.Response(200, headers=headers, stream=BrokenStream()))

    assert (explain(error, JOB).type, explain(error, JOB).retryable) == ("unavailable", True)
    assert KEY not in explain(error, JOB).detail


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-1", None),
        ("Wed, 21 Oct 2026", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
    ],
)
async def test_how_long_the_provider_asks_to_be_left_alone_is_kept(
    retry_after: str, seconds: float | None
) -> None:
    answer = httpx2.Response(429, headers={"retry-after": retry_after}, json={"error": {}})

    assert explained(await failure(lambda _: answer), JOB).retry_after_s == seconds


@pytest.mark.parametrize("status", [400, 404, 422, 500])
async def test_a_providers_words_are_passed_on_without_the_secrets_in_them(status: int) -> None:
    error = explain(await refusal(status, message=SECRETS), JOB)

    assert error.detail == "*** /srv/x redis://***@h"


async def test_a_provider_out_of_reach_may_be_tried_again_and_nothing_of_the_error_is_shown() -> (
    None
):
    def nobody(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError(SECRETS)

    error = explain(await failure(nobody), JOB)

    assert (error.type, error.retryable) == ("unavailable", True)
    assert not [part for part in SECRETS.split() if part in error.detail]


async def test_the_key_is_not_in_what_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    error = await refusal(401, message=f"Incorrect key: {KEY}.")

    assert explain(error, JOB).detail == "Incorrect key: ***."


async def test_a_body_that_is_no_json_is_passed_on_shortened() -> None:
    error = await failure(lambda _: httpx2.Response(429, text="busy " * 1000))

    shown = explain(error, JOB)
    assert shown.type == "rate-limited"
    assert len(shown.detail) <= 1000


def test_a_model_that_is_not_set_up_says_what_to_set() -> None:
    error = explain(ModelNotConfigured(NEITHER_SET), JOB)

    assert error == JobError("model-not-configured", NEITHER_SET)


def test_a_limit_of_the_service_is_told_as_it_is() -> None:
    assert explain(LimitExceeded(RESULT_TOO_LARGE), JOB) == RESULT_TOO_LARGE


def test_an_unserializable_value_is_named_by_its_type() -> None:
    error = explain(Unserializable("builtins.bytes"), JOB)

    assert error.type == "unserializable"
    assert "builtins.bytes" in error.detail


@pytest.mark.parametrize(
    ("raised", "type_"),
    [
        (GraphRecursionError(SECRETS), "recursion-limit"),
        (EmptyInputError(SECRETS), "invalid-input"),
    ],
)
def test_what_langgraph_refuses_is_said_in_our_own_words(raised: Exception, type_: str) -> None:
    error = explain(raised, JOB)

    assert (error.type, error.retryable) == (type_, False)
    assert KEY not in error.detail


@pytest.mark.parametrize("kind", [Exception, ValueError, OSError, KeyError])
def test_anything_else_is_internal_and_shows_nothing_of_itself(kind: type[Exception]) -> None:
    error = explain(kind(SECRETS), JOB)

    assert error.type == "internal"
    assert not [part for part in SECRETS.split() if part in error.detail]
    assert kind.__name__ not in error.detail


@pytest.mark.parametrize("kind", [TimeoutError, ConnectionResetError])
def test_a_lost_connection_may_pass_and_shows_nothing_of_itself(kind: type[Exception]) -> None:
    error = explain(kind(SECRETS), JOB)

    assert (error.type, error.retryable) == ("unavailable", True)
    assert not [part for part in SECRETS.split() if part in error.detail]
    assert kind.__name__ not in error.detail


def test_the_log_has_the_traceback_under_the_reference(caplog: pytest.LogCaptureFixture) -> None:
    raised = ValueError(SECRETS)
    with caplog.at_level(logging.ERROR):
        error = explain(raised, JOB)

    [record] = caplog.records
    fields = vars(record)
    assert fields["reference"] in error.detail
    assert fields["job_id"] == JOB
    assert record.exc_info is not None
    assert record.exc_info[1] is raised


def test_a_developer_is_shown_type_text_and_traceback_of_a_graphs_error() -> None:
    try:
        raise ValueError("no such column: a; key sk-abcdefgh")  # noqa: TRY301 - as in a graph
    except ValueError as raised:
        error = explain_to_developer(raised, JOB).error

    assert (error.type, error.retryable) == ("internal", False)
    assert error.detail == "ValueError: no such column: a; key ***"
    assert error.traceback is not None
    assert error.traceback.startswith("Traceback (most recent call last):")
    assert "as in a graph" in error.traceback
    assert error.traceback.endswith("ValueError: no such column: a; key ***\n")


async def test_a_developer_gets_a_providers_words_as_everyone_does() -> None:
    error = explain_to_developer(await refusal(429, message="Slow down."), JOB).error

    assert (error.type, error.detail, error.retryable) == ("rate-limited", "Slow down.", True)
    assert error.traceback is not None


def test_everyone_else_is_shown_no_traceback() -> None:
    assert "traceback" not in explain(ValueError("x"), JOB).fields()


def test_two_failures_have_two_references() -> None:
    assert explain(ValueError(), JOB).detail != explain(ValueError(), JOB).detail


async def test_what_is_passed_on_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    error = await refusal(429, message="Slow down.")
    caplog.clear()
    explain(error, JOB)

    assert caplog.records == []
