"""PROTOCOL agrees with the code: frames, fields, reasons, problems, errors."""

import ast
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from langchain_core.messages import AIMessageChunk, ToolMessage
from pydantic import BaseModel
from starlette.requests import Request

from tailrace.api.http.problems import HANDLERS, handle_known
from tailrace.api.jobs.resumption import Resumption, resumption
from tailrace.api.relay.frames import frame, thread_frame
from tailrace.api.schemas import (
    CreateJob,
    CreateThread,
    FindThreads,
    ResumeJob,
    job_body,
    parse,
    thread_body,
)
from tailrace.shared.events import (
    Event,
    EventName,
    GapReason,
    LoggedEvent,
    StatusReason,
    ThreadEvent,
    decode,
    encode,
    end_event,
    gap_event,
    status_event,
)
from tailrace.shared.jobs import (
    DEFAULT_STREAM,
    Interrupt,
    Job,
    JobError,
    JobRequest,
    JobStatus,
    Pause,
    StreamMode,
    new_job_id,
    parse_job_id,
)
from tailrace.shared.threads import THREAD_STATUSES, Thread
from tailrace.worker.attempt.failures.provider_errors.trouble import TroubleType
from tailrace.worker.attempt.stream.translate import translate
from tests.support.markdown import ROOT, Block, blocks, rows

FRAME = re.compile(rb"event: (\w+)\ndata: (.*)\n(?:retry: \d+\n)?id: (\d+)\n\n")


def _documented() -> list[tuple[bytes, LoggedEvent]]:
    """Every frame that PROTOCOL shows, with the event in it."""
    text = "".join(block.text for block in _of_frames(""))
    return [
        (match[0], LoggedEvent(int(match[3]), match[1].decode(), match[2]))
        for match in FRAME.finditer(text.encode())
    ]


def _of_frames(name: str) -> list[Block]:
    found = [block for block in blocks("PROTOCOL.md") if block.language == "sse"]
    return [block for block in found if block.name == name]


SHOWN = _documented()


def _ids(shown: object) -> str:
    return f"{shown.seq}-{shown.name}" if isinstance(shown, LoggedEvent) else ""


def test_protocol_shows_frames_and_nothing_else_in_its_frame_blocks() -> None:
    for block in blocks("PROTOCOL.md"):
        if block.language == "sse":
            assert FRAME.sub(b"", block.text.encode()) == b""


def test_protocol_shows_every_event() -> None:
    assert {event.name for _, event in SHOWN} == set(get_args(EventName))


@pytest.mark.parametrize(("text", "event"), SHOWN, ids=_ids)
def test_a_documented_frame_is_what_the_relay_writes(text: bytes, event: LoggedEvent) -> None:
    assert frame(event) == text


@pytest.mark.parametrize("event", [event for _, event in SHOWN], ids=_ids)
def test_the_data_of_a_documented_event_is_what_its_writer_makes(event: LoggedEvent) -> None:
    assert _written(event.name, decode(event.data)) == event.data


@pytest.mark.parametrize("event", [event for _, event in SHOWN], ids=_ids)
def test_a_documented_event_has_its_fields_in_the_order_of_the_table(event: LoggedEvent) -> None:
    fields = {name: cell for name, cell, _ in rows("PROTOCOL.md", "event", "fields, in order", "")}
    names = [name.strip("` ?") for name in fields[event.name].split(",")]
    optional = {name.strip("` ?") for name in fields[event.name].split(",") if "?" in name}
    shown = list(decode(event.data))
    assert [name for name in names if name in shown] == shown
    assert set(names) - set(shown) <= optional


def _written(name: str, value: Any) -> bytes:
    """The data as the code makes it, from the values that a documented event tells."""
    match name:
        case "status":
            return _status(**value).data
        case "gap":
            return gap_event(value["from"], value["to"], value["reason"]).data
        case "end":
            result = encode(value["result"]) if "result" in value else None
            error = JobError(**value["error"]) if "error" in value else None
            return end_event(value["status"], result=result, error=error).data
        case _:
            [event] = translate({"type": name, "ns": value["ns"], "data": _streamed(name, value)})
            return event.data


def _status(
    status: JobStatus,
    attempt: int,
    at: str,
    reason: StatusReason | None = None,
    interrupts: Sequence[Mapping[str, Any]] | None = None,
    next: Sequence[str] = (),
    **opened: bool,
) -> Event:
    """A `status` event; what only the opening of an attempt says is the store's own."""
    pause = None
    if interrupts is not None:
        pause = Pause(tuple(Interrupt(**interrupt) for interrupt in interrupts), tuple(next))
    event = status_event(status, attempt, at, reason=reason, pause=pause)
    return Event("status", encode({**decode(event.data), **opened}))


def _streamed(mode: str, value: Any) -> Any:
    """What LangGraph has to stream for this."""
    if mode == "updates":
        return {value["node"]: value["data"]}
    if mode != "messages":
        return value["data"]
    message = dict(value["message"])
    kind = ToolMessage if message.pop("type") == "tool" else AIMessageChunk
    return kind(**message), {"langgraph_node": value["node"]}


@pytest.mark.parametrize(
    "shown", [block.text.strip() for block in blocks("PROTOCOL.md") if block.name == "job"]
)
def test_protocol_shows_a_job_as_the_api_writes_it(shown: str) -> None:
    told = orjson.loads(shown)
    job = Job(
        id=parse_job_id(told["id"]),
        tenant="acme",
        request=JobRequest(told["graph"], {}),
        status=told["status"],
        attempt=told["attempt"],
        seq=told.get("after", 1),
        created_at=told["created_at"],
        started_at=told.get("started_at"),
        pause=Pause(
            tuple(Interrupt(**interrupt) for interrupt in told.get("interrupts", ())),
            tuple(told.get("next", ())),
        ),
    )
    assert job_body(job, told["urls"]["events"], "").decode() == shown


def test_protocol_shows_a_thread_as_the_api_writes_it() -> None:
    [shown] = [block.text.strip() for block in blocks("PROTOCOL.md") if block.name == "thread"][:1]
    told = orjson.loads(shown)
    urls = told.pop("urls")
    assert thread_body(Thread(tenant="acme", **told), "").decode() == shown
    assert set(urls) == {"self", "jobs", "events"}


def test_the_frames_of_a_thread_are_what_the_relay_writes() -> None:
    [block] = _of_frames("thread")
    assert FRAME.sub(b"", block.text.encode()) == b""
    for match in FRAME.finditer(block.text.encode()):
        told = decode(match[2])
        event = LoggedEvent(int(match[3]), match[1].decode(), match[2])
        if event.name != "gap":
            job, number = told.pop("job"), told.pop("number")
            own = LoggedEvent(number, event.name, _written(event.name, told))
            event = ThreadEvent.of(event.seq, job, own)
        assert thread_frame(event) == match[0]


def test_protocol_lists_the_statuses_of_a_thread() -> None:
    listed = {status for status, _ in rows("PROTOCOL.md", "thread's status", "meaning")}
    assert listed == set(THREAD_STATUSES)


@pytest.mark.parametrize(
    ("model", "header"),
    [
        (CreateJob, ("field", "", "")),
        (ResumeJob, ("field", "meaning")),
        (CreateThread, ("thread's field", "meaning")),
        (FindThreads, ("parameter", "meaning")),
    ],
)
def test_protocol_lists_the_fields_of_a_body(model: type[BaseModel], header: Sequence[str]) -> None:
    assert {cells[0] for cells in rows("PROTOCOL.md", *header)} == set(model.model_fields)


def _job(status: JobStatus, seq: int) -> Job:
    at = "2026-03-02T09:30:00.120Z"
    return Job(new_job_id(), "acme", JobRequest("any", {}), status, 1, seq, created_at=at)


@pytest.mark.parametrize(
    "body", [b.text for b in blocks("PROTOCOL.md") if b.language == "json" and not b.name]
)
def test_an_answer_that_protocol_shows_is_taken(body: str) -> None:
    shown = parse(ResumeJob, orjson.loads(body))
    asked = tuple(Interrupt(id_, None) for id_ in shown.values or ())
    assert shown.after is not None
    waiting = replace(_job(status="waiting", seq=shown.after), pause=Pause(asked))
    assert resumption(waiting, shown) == Resumption(shown.after, shown.values or {})


@pytest.mark.parametrize(
    ("reasons", "second"), [(StatusReason, "meaning"), (GapReason, "why")], ids=["status", "gap"]
)
def test_protocol_tells_what_every_reason_means(reasons: Any, second: str) -> None:
    listed = {name for name, _ in rows("PROTOCOL.md", "reason", second)}
    assert listed == set(get_args(reasons))


def test_protocol_names_the_stream_modes_and_their_default() -> None:
    [text] = [cells[2] for cells in rows("PROTOCOL.md", "field", "", "") if cells[0] == "stream"]
    named = re.findall(r"`(\w+)`", text)
    assert set(named) == set(get_args(StreamMode))
    assert tuple(named[:3]) == DEFAULT_STREAM
    assert "defaults to the first three" in text


async def test_protocol_lists_every_problem_with_its_status_and_title() -> None:
    listed = {
        (int(status), kind, title)
        for status, kind, title, _ in rows("PROTOCOL.md", "status", "type", "title", "when")
    }
    assert {problem async for problem in _problems()} <= listed


async def _problems() -> AsyncIterator[tuple[int, str, str]]:
    for error, handler in HANDLERS.items():
        if handler is handle_known and isinstance(error, type):
            answer = await handle_known(Request({"type": "http"}), error("detail"))
            body = orjson.loads(answer.body)
            yield answer.status_code, body["type"], body["title"]


def test_protocol_lists_every_type_of_error_that_a_job_can_end_with() -> None:
    cells = (cell for cell, _ in rows("PROTOCOL.md", "type", "meaning"))
    listed = {kind for cell in cells for kind in re.findall(r"[a-z-]+", cell)}
    code = chain.from_iterable((ROOT / room).rglob("*.py") for room in ("shared", "worker"))
    assert {*chain.from_iterable(map(_error_types, code)), *get_args(TroubleType)} == listed


def _error_types(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Name("JobError"), args=[ast.Constant(kind), *_]):
                yield str(kind)
            case _:
                pass
