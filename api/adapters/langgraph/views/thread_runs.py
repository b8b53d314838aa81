"""A thread's log as the streams of its runs, one after the other. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

from tailrace.api.adapters.langgraph.views.assistants import assistant_id
from tailrace.api.adapters.langgraph.views.events import Names, Part, closes, parts
from tailrace.api.adapters.langgraph.views.partial import PartialMessages
from tailrace.api.adapters.langgraph.views.view import MODES
from tailrace.api.relay.frames import Encoder
from tailrace.shared.events import LoggedEvent, decode, encode

ThreadMode = Literal["run_modes", "lifecycle", "state_update"]
THREAD_MODES: Final[tuple[ThreadMode, ...]] = get_args(ThreadMode)

_OF_ANY: Final = tuple(mode for mode in MODES if mode != "messages")
"""How a run is told that was asked for in no form of LangGraph's: each event as it is."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A run as far as its events were read."""

    names: Names
    modes: frozenset[str]
    subgraphs: bool
    update: bool
    """It is a change of the state."""
    messages: PartialMessages
    over: bool = False

    @classmethod
    def of(cls, job: str, thread: str, shown: Mapping[str, Any]) -> "_Run":
        graph = shown.get("graph", "")
        names = Names(job, thread, assistant_id(graph) if graph else "", graph)
        return cls(
            names,
            frozenset(shown.get("modes", _OF_ANY)),
            bool(shown.get("subgraphs", "modes" not in shown)),
            bool(shown.get("update")),
            PartialMessages(names),
        )

    def copy(self) -> "_Run":
        """The same, to be continued apart."""
        return replace(self, messages=self.messages.copy())


@dataclass(frozen=True, slots=True)
class RunsForm:
    """Which events of a thread's runs a client wants."""

    thread: str
    modes: frozenset[ThreadMode]

    def encoder(self) -> "ThreadRuns":
        """Writes a thread's log from its start on."""
        return ThreadRuns(self)

    def wants(self, part: Part) -> bool:
        """Whether the client gets this event."""
        if part.name == "state_update":
            return "state_update" in self.modes
        if part.name == "metadata" and "lifecycle" in self.modes:
            return True
        return part.name == "gap" or "run_modes" in self.modes


class ThreadRuns:
    """Writes a thread's events in their order.

    Args:
        form: which of them.
    """

    def __init__(self, form: RunsForm) -> None:
        self._form = form
        self._runs: dict[str, _Run] = {}

    def __call__(self, event: LoggedEvent) -> bytes:
        """All that the next event is to this client."""
        return b"".join(self.frames(event))

    def frames(self, event: LoggedEvent, after: int = 0) -> list[bytes]:
        """What the next event is to this client, but for its first parts."""
        return [
            b"event: %b\ndata: %b\nid: %d-%d\n\n" % (part.name.encode(), part.data, event.seq, n)
            for n, part in enumerate(self._parts(event), 1)
            if n > after and self._form.wants(part)
        ]

    def copy(self) -> Encoder:
        """One that continues from the same event."""
        other = ThreadRuns(self._form)
        other._runs = {job: run.copy() for job, run in self._runs.items()}
        return other

    def _parts(self, event: LoggedEvent) -> list[Part]:
        if event.name == "gap":
            return [Part("gap", event.data)]
        body = decode(event.data)
        job = body["job"]
        run = self._runs.get(job) or _Run.of(job, self._form.thread, body.get("shown") or {})
        over = run.over and body.get("status") != "running"
        self._runs[job] = replace(run, over=over or closes(event))
        if event.name == "end":
            del self._runs[job]
        if run.update:
            return _updated(event, body, self._form.thread)
        if over:
            return []  # It asked something, and the next run has taken its place.
        told = parts(event, run.names, run.modes, subgraphs=run.subgraphs)
        grown = (
            run.messages.parts(event, subgraphs=run.subgraphs) if "messages" in run.modes else ()
        )
        return [_run_done(job) if part.name == "end" else part for part in (*told, *grown)]


def _run_done(job: str) -> Part:
    return Part("metadata", encode({"status": "run_done", "run_id": job}))


def _updated(event: LoggedEvent, body: Mapping[str, Any], thread: str) -> list[Part]:
    """What a change of the state is: its checkpoint, once it is there."""
    if event.name != "end" or body["status"] != "succeeded":
        return []
    named = {**body["result"]["checkpoint"], "thread_id": thread}
    return [Part("state_update", encode({"checkpoint": named}))]
