"""The demonstration: one real job, one cut connection, and the proof that nothing was lost."""

import asyncio
import signal
import time
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.table import Table

from tailrace import ReceivedEvent, Reconnect, Tailrace, TailraceError, Unreachable
from tailrace.cli.exit_codes import FAILED, SUCCEEDED
from tailrace.cli.local_service import fetch_model, local_service, log_end
from tailrace.cli.render import ReadableView, message_text
from tailrace.cli.terminal import program, stderr, stdout, visible
from tailrace.cli.watch import reconnecting

_CUT_AFTER_TOKENS: Final = 50
"""Early enough for the shortest first node, and in the middle of its sentence."""
_GRAPHS: Final = {"article": "tailrace.worker.graphs.article:graph"}
_NEXT: Final = (
    "To keep a service running: {0} dev. Then, beside it: "
    """{0} run article --input '{{"topic": "the sea at night"}}'"""
)
_WHOLE_S: Final = 300.0
"""For the job: some 900 tokens, at worst a few a second."""


def demonstrate(topic: str) -> int:
    """Run the demonstration in the main thread and clean up; returns the exit code.

    Raises:
        TailraceError: the service did not start, took too long, or broke its protocol.
    """
    # Stopped politely, it cleans up as on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    fetch_model()
    with TemporaryDirectory(prefix="tailrace-demo-") as folder:
        try:
            return asyncio.run(_demonstrate(topic, Path(folder)))
        except TailraceError:
            _show_log(Path(folder))
            raise


class Recording:
    """What came over all connections, in the order in which it came."""

    def __init__(self, view: ReadableView) -> None:
        self._view = view
        self._began_at = time.monotonic()
        self.events: list[ReceivedEvent] = []
        self.reconnects = 0
        self.tokens = 0
        self.first_token_s: float | None = None

    @property
    def last(self) -> int:
        """The number of the last event; 0 before the first."""
        return self.events[-1].seq if self.events else 0

    def age_s(self) -> float:
        """Seconds since the recording began."""
        return time.monotonic() - self._began_at

    def take(self, event: ReceivedEvent) -> None:
        """Keep the event and show it."""
        self.events.append(event)
        if is_token(event):
            self.tokens += 1
            self.first_token_s = self.first_token_s or self.age_s()
        self._view.show(event)

    def note_reconnect(self, note: Reconnect) -> None:
        """Count a reconnect that the client made by itself."""
        self.reconnects += 1
        self._view.note(reconnecting(note))

    def tell_of_cut(self, after: int) -> None:
        """Say where the connection was cut, once the next event has arrived."""
        self.reconnects += 1
        self._view.note(
            f"── connection cut by this demo after event {after}; "
            f"reconnected, resumed at {after + 1} ──"
        )


@dataclass(frozen=True, slots=True)
class Findings:
    """What the demonstration found."""

    recording: Recording
    total_s: float
    status: str
    complete: bool
    """Whether the log, read again from its beginning, equals what was received."""
    cut: bool


def is_token(event: ReceivedEvent) -> bool:
    """Whether the event carries a piece of a model's text: that is what the demo counts."""
    if event.name != "messages":
        return False
    message = event.fields.get("message")
    return isinstance(message, dict) and message.get("type") == "ai" and bool(message_text(message))


async def _demonstrate(topic: str, folder: Path) -> int:
    view = ReadableView(stdout(), stderr())
    view.note("starting a store, the API, a worker and, without a key, a small local model")
    async with local_service(folder, _GRAPHS) as url, Tailrace(url) as client:
        view.note(f"ready on {url}; the graph `article` writes about {topic!r}")
        findings = await _run_in_time(client, topic, Recording(view))
        view.note("stopping")
    _sum_up(findings)
    return SUCCEEDED if _convincing(findings) else FAILED


async def _run_in_time(client: Tailrace, topic: str, recording: Recording) -> Findings:
    try:
        async with asyncio.timeout(_WHOLE_S):
            return await _run(client, topic, recording)
    except TimeoutError as error:
        raise Unreachable(f"the demo's job took more than {_WHOLE_S:g} s") from error


async def _run(client: Tailrace, topic: str, recording: Recording) -> Findings:
    job = await client.create("article", {"topic": topic})
    cut = await _listen_until_cut(client, job.id, recording)
    if cut:
        await _go_on(client, job.id, recording)
    total_s = recording.age_s()
    async with aclosing(client.events(job.id)) as events:
        replay = [event async for event in events]
    status = (await client.job(job.id)).status
    return Findings(recording, total_s, status, replay == recording.events, cut)


async def _listen_until_cut(client: Tailrace, job_id: str, recording: Recording) -> bool:
    """Hang up in the middle of the model's text; whether it came to that."""
    async with aclosing(client.events(job_id, 0, recording.note_reconnect)) as events:
        async for event in events:
            recording.take(event)
            if recording.tokens == _CUT_AFTER_TOKENS:
                return True
    return False


async def _go_on(client: Tailrace, job_id: str, recording: Recording) -> None:
    cut_at = recording.last
    async with aclosing(client.events(job_id, cut_at, recording.note_reconnect)) as events:
        async for event in events:
            if event.seq == cut_at + 1:
                recording.tell_of_cut(cut_at)
            recording.take(event)


def _convincing(findings: Findings) -> bool:
    return findings.status == "succeeded" and findings.cut and findings.complete


def _sum_up(findings: Findings) -> None:
    recording = findings.recording
    first_s = recording.first_token_s
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("outcome", findings.status)
    table.add_row("events", str(len(recording.events)))
    table.add_row("tokens (messages events with text)", str(recording.tokens))
    table.add_row("reconnects", str(recording.reconnects))
    table.add_row("time to first token", "none came" if first_s is None else f"{first_s:.2f} s")
    table.add_row("total time", f"{findings.total_s:.1f} s")
    table.add_row("log equals what was received", "yes" if findings.complete else "NO")
    stdout().print("", table, "")
    stdout().out(_NEXT.format(program()), highlight=False)


def _show_log(folder: Path) -> None:
    for line in log_end(folder):
        stderr().out(visible(line), style="dim", highlight=False)
