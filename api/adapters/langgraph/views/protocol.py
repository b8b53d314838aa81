"""A thread's log in LangGraph's thread protocol, as its newer clients read it. Pure.

What an event becomes depends on those before it: messages start and end, a run ends once, a
question is asked once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple, cast

from tailrace.api.adapters.langgraph.views.blocks import Message, ended, told_as
from tailrace.api.adapters.langgraph.views.events import INTERRUPT
from tailrace.shared.events import LoggedEvent, decode
from tailrace.shared.jobs import FINAL

Body = Mapping[str, Any]
Namespace = tuple[str, ...]

_ENDS: Final[Mapping[str, str]] = {
    "succeeded": "completed",
    "failed": "failed",
    "cancelled": "interrupted",
    "waiting": "interrupted",
}
SEPARATOR: Final = ":"
"""In a name of a namespace, before the id of the task."""


class Part(NamedTuple):
    """One event of the protocol, without its number."""

    method: str
    namespace: Namespace
    data: Any
    node: str | None = None
    run: str | None = None
    """Of an event that tells of a whole run: its id."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A run as far as its events were read."""

    id: str
    messages: Mapping[str, Message]
    """Those that are not over, by their ids."""
    asked: frozenset[str]
    """Ids of the questions that were told."""
    inside: dict[Namespace, str]
    """The graphs inside that run, and the tasks that run them."""
    seen: frozenset[Namespace]
    named: bool
    """Whether its log names a checkpoint after the values that it has."""
    held: Part | None = None
    """Such values: clients want to know their checkpoint before them."""

    @classmethod
    def begun(cls, id_: str, *, named: bool) -> "_Run":
        return cls(id_, {}, frozenset(), {}, frozenset(), named)


class ThreadEvents:
    """Tells a thread's events in their order.

    Args:
        graph: the name of the graph that runs there; None: it is not known.
    """

    def __init__(self, graph: str | None) -> None:
        self._named = {"graph_name": graph} if graph else {}
        self._run: _Run | None = None
        self._updates: frozenset[str] = frozenset()
        self._named_in: frozenset[str] = frozenset()
        self._at = 0

    def parts(self, event: LoggedEvent) -> list[Part]:
        """What the next event is in the protocol."""
        body = decode(event.data)
        self._at = _time(body) or self._at
        if event.name in ("status", "end"):
            return list(self._of_run(body))
        tell = _TOLD.get(event.name)
        if tell is None or body["job"] in self._updates:
            return []
        if self._run is None or self._run.id != body["job"]:
            # Its start is gone: what follows is told as far as it can be.
            self._run = self._begun(body["job"])
        begun, run = _begun(tuple(body["ns"]), self._run)
        held, run = _released(event.name, tuple(body["ns"]), run)
        parts, self._run = tell(body, run)
        return [*held, *begun, *parts]

    @property
    def time(self) -> int:
        """When the last event was made, or one shortly before it, in ms."""
        return self._at

    def copy(self) -> "ThreadEvents":
        """One that continues from the same event."""
        other = ThreadEvents(None)
        # A run is replaced when it changes, never changed.
        other._named, other._run, other._at = self._named, self._run, self._at
        other._updates, other._named_in = self._updates, self._named_in
        return other

    def _of_run(self, body: Body) -> Iterator[Part]:
        job, status, run = body["job"], body["status"], self._run
        if self._is_update(body):
            return
        if status == "running":
            if run is None or run.id != job:
                yield self._lifecycle(job, "running")
            elif run.held is not None:
                yield run.held
            self._run = self._begun(job)
        elif status in _ENDS and (run is None or run.id == job):
            # Of other jobs: one that never began, or that asked and was passed over.
            yield from _left_open(run, _ENDS[status])
            if run is not None or status == "failed":
                why = {"error": body["error"]["detail"]} if status == "failed" else {}
                yield self._lifecycle(job, _ENDS[status], why)
            self._run = None

    def _is_update(self, body: Body) -> bool:
        """Whether the job changes the state and runs nothing; notes what its first event says."""
        job = body["job"]
        shown: Body = body.get("shown", {})
        if shown.get("update"):
            self._updates |= {job}
        if shown.get("checkpoints") == "named":
            self._named_in |= {job}
        known = job in self._updates
        if body["status"] in FINAL:
            self._updates -= {job}
            self._named_in -= {job}
        return known

    def _begun(self, job: str) -> _Run:
        return _Run.begun(job, named=job in self._named_in)

    def _lifecycle(self, job: str, event: str, more: Body | None = None) -> Part:
        return Part("lifecycle", (), {"event": event, **self._named, **(more or {})}, run=job)


def _time(body: Body) -> int | None:
    """When an event was made, in ms, if it says so."""
    at = body.get("at")
    if isinstance(at, str):
        return round(datetime.fromisoformat(at).timestamp() * 1000)
    return at


_Told = tuple[list[Part], _Run]


def _ns(body: Body) -> Namespace:
    return tuple(body["ns"])


def _values(body: Body, run: _Run) -> _Told:
    if interrupts := body.get("interrupts"):
        # The same state as before, once more.
        return _asked(_ns(body), interrupts, run)
    told = Part("values", _ns(body), body["data"])
    return ([], replace(run, held=told)) if run.named else ([told], run)


def _released(name: str, ns: Namespace, run: _Run) -> _Told:
    """The values that were held back, unless their checkpoint comes now."""
    held = run.held
    if held is None or (name == "checkpoints" and ns == held.namespace):
        return [], run
    return [held], replace(run, held=None)


def _checkpoints(body: Body, run: _Run) -> _Told:
    """The name of a checkpoint and then its values; one without values is told to nobody."""
    if run.held is None:
        return [], run
    return [Part("checkpoints", _ns(body), body["data"]), run.held], replace(run, held=None)


def _updates(body: Body, run: _Run) -> _Told:
    ns, node, data = _ns(body), body["node"], body["data"]
    if node == INTERRUPT:
        return _asked(ns, data, run)
    over, run = _messages_over(ns, node, run)
    told = cast("Any", data if isinstance(data, dict) else {"value": data})
    return [*over, Part("updates", ns, told, node)], run


def _custom(body: Body, run: _Run) -> _Told:
    data = body["data"]
    named = isinstance(data, dict) and "name" in data
    return [Part("custom", _ns(body), data if named else {"payload": data})], run


def _messages(body: Body, run: _Run) -> _Told:
    chunk, ns, node = body["message"], _ns(body), body["node"]
    if not chunk.get("id"):
        return [], run
    told = told_as(chunk, run.messages.get(chunk["id"]), (*ns, node or ""))
    others = {id_: one for id_, one in run.messages.items() if id_ != chunk["id"]}
    known = {**others, chunk["id"]: told.message} if told.message else others
    parts = [Part("messages", ns, data, node) for data in told.events]
    return parts, replace(run, messages=known)


def _begun(ns: Namespace, run: _Run) -> _Told:
    """The starts of graphs inside: each with its first event."""
    parts: list[Part] = []
    for depth in range(1, len(ns) + 1):
        below = ns[:depth]
        name, _, id_ = below[-1].partition(SEPARATOR)
        if id_ and below not in run.seen:
            parts.append(Part("lifecycle", below, {"event": "started", "graph_name": name}))
            run = replace(run, inside={**run.inside, below: id_}, seen=run.seen | {below})
    return parts, run


def _tasks(body: Body, run: _Run) -> _Told:
    ns, data = _ns(body), body["data"]
    told = Part("tasks", ns, data)
    if "result" not in data:
        return [told], run
    over = [below for below, id_ in run.inside.items() if id_ == data["id"] and below[:-1] == ns]
    done, run = _messages_over(ns, data["name"], run)
    ends = [_end_of(below, _outcome(data)) for below in over]
    left = {below: id_ for below, id_ in run.inside.items() if below not in over}
    return [*done, told, *ends], replace(run, inside=left)


def _end_of(below: Namespace, outcome: str) -> Part:
    name = below[-1].partition(SEPARATOR)[0]
    return Part("lifecycle", below, {"event": outcome, "graph_name": name})


def _outcome(task: Body) -> str:
    if task.get("interrupts"):
        return "interrupted"
    return "failed" if task.get("error") else "completed"


def _asked(ns: Namespace, interrupts: Sequence[Body], run: _Run) -> _Told:
    """Questions, each told once in a run."""
    new = [one for one in interrupts if one["id"] not in run.asked]
    parts = [
        # Clients in Python read the question from `value`, those in JavaScript from `payload`.
        Part(
            "input.requested",
            ns,
            {"interrupt_id": one["id"], "payload": one["value"], "value": one["value"]},
        )
        for one in new
    ]
    return parts, replace(run, asked=run.asked | {one["id"] for one in new})


def _messages_over(ns: Namespace, node: str, run: _Run) -> _Told:
    """The ends of the messages of a node that is done: not every model marks its last chunk."""
    over = [one for one in run.messages.values() if one.place == (*ns, node)]
    parts = [Part("messages", ns, data, node) for one in over for data in ended(one)]
    left = {id_: one for id_, one in run.messages.items() if one not in over}
    return parts, replace(run, messages=left)


def _left_open(run: _Run | None, outcome: str) -> Iterator[Part]:
    """What ends with a run that is over."""
    if run is None:
        return
    if run.held is not None:
        yield run.held
    for below in reversed(run.inside):
        yield _end_of(below, outcome)
    for one in run.messages.values():
        *ns, node = one.place
        for data in ended(one):
            yield Part("messages", tuple(ns), data, node or None)


_TOLD: Final = cast(
    "Mapping[str, Any]",
    {
        "values": _values,
        "checkpoints": _checkpoints,
        "updates": _updates,
        "custom": _custom,
        "messages": _messages,
        "tasks": _tasks,
    },
)
