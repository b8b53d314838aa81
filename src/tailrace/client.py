"""The calls of one Tailrace service. Owns the HTTP client; how a stream survives is `stream`'s."""

import os
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from types import EllipsisType, TracebackType
from typing import Final, Self, TypeVar, Unpack
from uuid import uuid4

import httpx

from tailrace.errors import NotSent, ProtocolBroken
from tailrace.http import Calls
from tailrace.json_values import JsonValue, encode, parse
from tailrace.models import Graph, Job, JobOptions, Patience, ReceivedEvent
from tailrace.stream import EventStream, OnReconnect, Reconnect

DEFAULT_URL: Final = "http://127.0.0.1:8000"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_JOB_ID: Final = re.compile(r"[0-9A-Za-z-]{1,64}")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class _Graphs:
    graphs: tuple[Graph, ...]


class Tailrace:
    """One service, as one caller sees it; to be used as an async context manager."""

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        patience: Patience | None = None,
    ) -> None:
        """Make a client; nothing is sent yet.

        Args:
            base_url: the service's URL; by default `TAILRACE_URL`, or port 8000 of this machine.
            api_key: by default `TAILRACE_API_KEY`; may be missing.
            patience: how long to wait.

        Raises:
            NotSent: the address or the key can't be used.
        """
        url = _base_url(base_url or os.environ.get("TAILRACE_URL") or DEFAULT_URL)
        self.url = str(url).rstrip("/")
        self._patience = patience or Patience()
        self._http = httpx.AsyncClient(
            base_url=url,
            headers=_credentials(api_key or os.environ.get("TAILRACE_API_KEY") or ""),
            timeout=self._patience.response_s,
            # A proxy set for the outside would be asked for this machine, too.
            trust_env=url.host not in _LOOPBACK,
        )
        self._calls = Calls(self._http, self.url, self._patience)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.__aexit__(kind, error, traceback)

    async def graphs(self) -> list[Graph]:
        """What can be run, by name.

        Raises:
            TailraceError: as every call: `Unreachable`, `ApiError` or `ProtocolBroken`.
        """
        return list(_parse(_Graphs, await self._calls.call("GET", "graphs")).graphs)

    async def create(
        self,
        graph: str,
        input: JsonValue,
        *,
        idempotency_key: str | None = None,
        **options: Unpack[JobOptions],
    ) -> Job:
        """Start a job exactly once: a POST without a response is repeated with the same key.

        `Unreachable` means not acknowledged, not "did not happen". To find out, call again with the
        same key and the same job: it returns the job that exists already.

        Args:
            graph: the graph's name.
            input: what the graph takes.
            idempotency_key: 1 to 255 printable ASCII characters; by default a new one.
            options: the other fields of a job.

        Raises:
            ApiError: no such graph, an input that it does not take, or a key of another job.
            TailraceError: as every call.
        """
        wishes = {name: wish for name, wish in options.items() if wish is not None}
        body = _encode({"graph": graph, "input": input, **wishes})
        key = uuid4().hex if idempotency_key is None else idempotency_key
        return _parse(Job, await self._calls.post_once("jobs", body, key))

    async def job(self, job_id: str) -> Job:
        """The job as it is now.

        Raises:
            JobNotFound: no such job for this caller.
            TailraceError: as every call.
        """
        return _parse(Job, await self._calls.call("GET", _job_path(job_id)))

    async def blob(self, job_id: str, number: int) -> bytes:
        """The bytes of a large value, which an event refers to as `$blob` (its `n`).

        Raises:
            JobNotFound: no such job for this caller.
            ApiError: the job has no such blob, or no longer has it.
            TailraceError: as every call.
        """
        return await self._calls.call("GET", f"{_job_path(job_id)}/blobs/{number}")

    async def cancel(self, job_id: str) -> Job:
        """Ask for the job's end, and give the job as it is then; its log ends within seconds.

        Raises:
            JobNotFound: no such job for this caller.
            TailraceError: as every call.
        """
        return _parse(Job, await self._calls.call("POST", f"{_job_path(job_id)}/cancel"))

    async def resume(
        self, job_id: str, value: JsonValue | EllipsisType = ..., *, after: int | None = None
    ) -> Job:
        """Resume a job from where it stopped, and return the job in its new state.

        Repeated if there is no response: because it names the stop, it takes effect once.

        Args:
            job_id: the job.
            value: the resume value for its only interrupt; left out at a breakpoint.
            after: the stop, as in `Job.after`; by default the one at which the job waits now.

        Raises:
            ApiError: the job does not wait there, or no more, or asks several things.
            NotSent: there is no value, and the job does not wait.
            TailraceError: as every call.
        """
        return await self._resume(job_id, {} if value is ... else {"value": value}, after)

    async def resume_each(
        self, job_id: str, values: Mapping[str, JsonValue], *, after: int | None = None
    ) -> Job:
        """The same for a job with several interrupts: a resume value for each interrupt's id.

        Raises:
            ApiError: the job does not wait there, or no more, or one of its questions is left out.
            TailraceError: as every call.
        """
        return await self._resume(job_id, {"values": values}, after)

    async def events(
        self, job_id: str, after: int = 0, on_reconnect: OnReconnect | None = None
    ) -> AsyncGenerator[ReceivedEvent]:
        """The job's events from number `after + 1` up to `end`, over any number of connections.

        Nothing is left out or repeated; lost numbers come as a `gap` event. Nothing comes if
        `after` is the end's number. Close the iterator (`contextlib.aclosing`) to hang up.

        Raises:
            JobNotFound: no such job for this caller.
            EventsExpired: the job has ended and its events have expired.
            TailraceError: as every call; `Unreachable` only after `Patience.outage_s`.
        """
        path = f"{_job_path(job_id)}/events"
        stream = EventStream(self._http, path, after, self._patience, on_reconnect or _ignore)
        async with aclosing(stream.events()) as events:
            async for event in events:
                yield event

    async def _resume(self, job_id: str, answer: Mapping[str, object], after: int | None) -> Job:
        path = f"{_job_path(job_id)}/resume"
        if after is None:
            after = (await self.job(job_id)).after
        if after is not None:
            named = _encode({**answer, "after": after})
            return _parse(Job, await self._calls.post_once(path, named))
        if not answer:
            raise NotSent("the job is not waiting")
        # It has been resumed: this may be a repeat, which the service recognises.
        return _parse(Job, await self._calls.call("POST", path, _encode(answer)))


def _ignore(_: Reconnect) -> None:
    """Reconnects concern nobody who did not ask for them."""


def _job_path(job_id: str) -> str:
    if not _JOB_ID.fullmatch(job_id):
        raise NotSent("not a job id")
    return f"jobs/{job_id}"


def _base_url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise NotSent(f"not an address: {error}") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise NotSent("the service's address has to begin with http:// or https://")
    return url


def _credentials(key: str) -> dict[str, str]:
    if not (key.isascii() and key.isprintable()):
        raise NotSent("the API key holds characters that no key has")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _encode(body: Mapping[str, object]) -> bytes:
    try:
        return encode(body)
    except ValueError as error:
        raise NotSent(f"the request can't be written as JSON: {error}") from error


def _parse(kind: type[_Value], body: bytes) -> _Value:
    try:
        return parse(kind, body)
    except ValueError as error:
        raise ProtocolBroken(f"the response is not what was asked for: {error}") from error
