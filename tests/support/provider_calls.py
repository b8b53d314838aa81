"""How graphs call providers, and what they then raise: real clients, and classes built like theirs.

anthropic, botocore, google-genai and aiohttp are not installed here: their exceptions are made from
real responses as these packages make them, attribute by attribute.
"""

import asyncio
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
import requests
from langchain_openai import AzureChatOpenAI, ChatOpenAI

from tailrace.worker.attempt.failures.whole_answers import whole_answers

KEY = "sk-of-the-tests"
PATIENCE_S = 20.0
Call = Callable[[str], Awaitable[object]]
"""Given a gateway's base URL; raises."""


async def raised_by(call: Call, url: str) -> Exception:
    """What the call raises within a job's run."""
    try:
        with whole_answers():
            said = await call(url)
    except Exception as error:  # noqa: BLE001 - of any class at all: that is the point
        return error
    raise AssertionError(f"nothing went wrong: {said}")


async def openai_streaming(url: str, timeout_s: float = PATIENCE_S) -> object:
    """langchain-openai, as most graphs use it."""
    return await _chat(url, streaming=True, timeout=timeout_s).ainvoke("hello")


async def openai_whole(url: str) -> object:
    """langchain-openai without a stream."""
    return await _chat(url).ainvoke("hello")


async def openai_responses(url: str) -> object:
    """langchain-openai over the Responses API."""
    return await _chat(url, streaming=True, use_responses_api=True).ainvoke("hello")


async def azure(url: str) -> object:
    """langchain-openai's client of Azure."""
    options: Any = {"api_version": "2025-01-01", "api_key": KEY, "max_retries": 0}
    model = AzureChatOpenAI(azure_endpoint=url, azure_deployment="d", streaming=True, **options)
    return await model.ainvoke("hello")


async def by_httpx(url: str) -> object:
    """httpx alone, as in a tool or a hand-written client."""
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        response = await client.post(f"{url}/v1/messages?key={KEY}", json={})
    return response.raise_for_status()


async def by_httpx_stream(url: str, timeout_s: float = PATIENCE_S) -> object:
    """httpx reading a stream."""
    async with (
        httpx.AsyncClient(timeout=timeout_s) as client,
        client.stream("POST", f"{url}/v1/messages") as response,
    ):
        response.raise_for_status()
        return await response.aread()


async def by_requests(url: str, timeout_s: float = PATIENCE_S) -> object:
    """requests, in a thread."""

    def call() -> object:
        with requests.post(f"{url}/v1/messages?key={KEY}", json={}, timeout=timeout_s) as response:
            response.raise_for_status()
            return response

    return await asyncio.to_thread(call)


async def by_urllib(url: str, timeout_s: float = PATIENCE_S) -> object:
    """The standard library's own client, in a thread."""

    def call() -> object:
        try:
            with urllib.request.urlopen(url, timeout=timeout_s) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            error.close()
            raise

    return await asyncio.to_thread(call)


async def by_socket(url: str) -> object:
    """A bare connection."""
    host, port = url.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


class AnthropicStatusError(Exception):
    """Like `anthropic.APIStatusError`: the status is the response's, 200 within a stream."""

    def __init__(self, message: str, *, response: httpx.Response, body: object) -> None:
        super().__init__(message)
        self.message, self.response, self.body = message, response, body
        self.status_code = response.status_code


AnthropicStatusError.__name__ = "APIStatusError"


async def anthropic_stream(url: str) -> object:
    """anthropic's SDK, when an `error` event comes."""
    async with (
        httpx.AsyncClient() as client,
        client.stream("POST", f"{url}/v1/messages") as response,
    ):
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                body: Any = httpx.Response(200, text=line.removeprefix("data: ")).json()
                raise AnthropicStatusError(str(body), response=response, body=body)
    return None


class BotocoreClientError(Exception):
    """Like `botocore.exceptions.ClientError`: `response` is a dict."""

    def __init__(self, response: Mapping[str, Any], operation: str) -> None:
        code, message = response["Error"]["Code"], response["Error"]["Message"]
        super().__init__(f"An error occurred ({code}) when calling {operation}: {message}")
        self.response = response


async def bedrock(url: str) -> object:
    """botocore's client: name and text come in the body, the name in a header as well."""
    async with httpx.AsyncClient() as client:
        response = await client.post(f"{url}/model/m/converse", json={})
    error = {"Code": response.headers["x-amzn-errortype"], **response.json()}
    error["Message"] = error.pop("message")
    metadata = {"HTTPStatusCode": response.status_code, "HTTPHeaders": dict(response.headers)}
    raise BotocoreClientError({"Error": error, "ResponseMetadata": metadata}, "Converse")


async def bedrock_stream(_: str) -> object:
    """botocore's client, when an exception comes within an event stream."""
    error = {"Code": "throttlingException", "Message": "Too many tokens, please wait."}
    raise BotocoreClientError({"Error": error}, "ConverseStream")


class GoogleAPIError(Exception):
    """Like `google.genai.errors.APIError`."""

    def __init__(self, code: int, details: Any, response: httpx.Response) -> None:
        self.code, self.details, self.response = code, details, response
        self.status, self.message = details["error"]["status"], details["error"]["message"]
        super().__init__(f"{code} {self.status}. {details}")


async def google(url: str) -> object:
    """google-genai's client."""
    async with httpx.AsyncClient() as client:
        response = await client.post(f"{url}/v1beta/models/m:generateContent", json={})
    raise GoogleAPIError(response.status_code, response.json(), response)


class AiohttpResponseError(Exception):
    """Like `aiohttp.ClientResponseError`: no body, and the headers are its own."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str], url: str) -> None:
        super().__init__(status, message)
        self.status, self.message, self.headers, self._url = status, message, headers, url

    def __str__(self) -> str:
        return f"{self.status}, message={self.message!r}, url={self._url!r}"


async def by_aiohttp(url: str) -> object:
    """aiohttp's client."""
    async with httpx.AsyncClient() as client:
        response = await client.get(url)
    raise AiohttpResponseError(response.status_code, "Too Many Requests", response.headers, url)


class AiohttpClientError(Exception):
    """Like aiohttp's own base."""


class AiohttpConnectionError(AiohttpClientError):
    """Like `aiohttp.ClientConnectionError`."""


AiohttpConnectionError.__name__ = "ClientConnectionError"
AiohttpConnectionError.__module__ = "aiohttp.client_exceptions"


class AiohttpServerDisconnected(AiohttpConnectionError):
    """Like `aiohttp.ServerDisconnectedError`."""


async def aiohttp_disconnected(_: str) -> object:
    """aiohttp's client, when the connection is closed."""
    raise AiohttpServerDisconnected


def _chat(url: str, **options: Any) -> ChatOpenAI:
    given: Any = {"base_url": f"{url}/v1", "api_key": KEY, "max_retries": 0, **options}
    return ChatOpenAI(model="m", **given)


async def in_a_task_group(url: str) -> object:
    """Two calls of langchain-openai at once."""
    async with asyncio.TaskGroup() as tasks:
        for _ in range(2):
            tasks.create_task(_chat(url, streaming=True).ainvoke("hello"))
    return None


async def beside_a_fault(url: str) -> object:
    """Two at once: a call of langchain-openai, and a fault of the graph's own."""

    async def call() -> None:
        await _chat(url, streaming=True).ainvoke("hello")

    async def fail_when_cancelled() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            {}["a"]

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(call())
        tasks.create_task(fail_when_cancelled())
    return None


async def as_a_cause(url: str) -> object:
    """An error of the graph's own, from that of langchain-openai."""
    try:
        return await openai_streaming(url)
    except Exception as error:
        raise RuntimeError("The summary failed.") from error


async def while_handled(url: str) -> object:
    """An error of the graph's own, in the handler of that of langchain-openai."""
    try:
        return await openai_streaming(url)
    except Exception:  # noqa: BLE001 - as many write it
        raise RuntimeError("The summary failed.")  # noqa: B904


async def in_a_faulty_handler(url: str) -> object:
    """A handler that has a fault of its own."""
    try:
        return await openai_streaming(url)
    except Exception as error:  # noqa: BLE001 - as many write it
        raise KeyError(error.args[0])  # noqa: B904
