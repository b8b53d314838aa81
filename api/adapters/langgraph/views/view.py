"""In which form one client reads a run. Clients who read it in the same form share its frames."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal, get_args
from weakref import WeakValueDictionary

from tailrace.api.adapters.langgraph.views.assistants import assistant_id
from tailrace.api.adapters.langgraph.views.events import Names, closes, parts
from tailrace.api.adapters.langgraph.views.partial import PartialMessages
from tailrace.api.adapters.langgraph.views.runs import thread_id
from tailrace.api.relay.frames import EVENT_STREAM, Encoder, StreamFormat
from tailrace.shared.events import LoggedEvent
from tailrace.shared.jobs import Job, StreamMode

VERSION: Final = 1
"""Of the mapping from events to LangGraph's, kept with each run: a later one never changes what a
client has already begun to read. So a change of what any event becomes is a new version beside the
old one."""

Mode = Literal[
    "values",
    "updates",
    "custom",
    "messages",
    "messages-tuple",
    "tasks",
    "checkpoints",
    "debug",
]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)

_NEEDED: Final[Mapping[Mode, tuple[StreamMode, ...]]] = {
    "messages": ("messages", "values"),
    "messages-tuple": ("messages",),
}
"""What the log must have for a mode that is called otherwise there."""


@dataclass(frozen=True, slots=True)
class View:
    """The form. A log, read in the same form, always gives the same frames."""

    names: Names
    modes: frozenset[Mode]
    subgraphs: bool
    version: int = VERSION

    @property
    def known(self) -> bool:
        """Whether this release has the mapping; a newer one may have begun the run."""
        return self.version == VERSION

    def parts(self, event: LoggedEvent, before: PartialMessages | None = None) -> list[bytes]:
        """What the event is to this client, part by part.

        Args:
            event: of the log.
            before: the messages that the events before it began.
        """
        told = parts(event, self.names, self.modes, subgraphs=self.subgraphs)
        grown = before.parts(event, subgraphs=self.subgraphs) if before is not None else ()
        return [
            b"event: %b\ndata: %b\nid: %d-%d\n\n" % (part.name.encode(), part.data, event.seq, n)
            for n, part in enumerate([*told, *grown], 1)
        ]

    @property
    def grows(self) -> bool:
        """Whether it has messages that grow, so that a part depends on those before it."""
        return "messages" in self.modes

    def encode(self, event: LoggedEvent) -> bytes:
        """All parts of an event, where none depends on those before it."""
        return b"".join(self.parts(event))


class Grown:
    """Writes the parts of a log in their order."""

    def __init__(self, view: View, messages: PartialMessages | None = None) -> None:
        self._view = view
        self._messages = messages or PartialMessages(view.names)

    def parts(self, event: LoggedEvent) -> list[bytes]:
        """What the next event is to this client, part by part."""
        return self._view.parts(event, self._messages)

    def __call__(self, event: LoggedEvent) -> bytes:
        """All parts of the next event."""
        return b"".join(self.parts(event))

    def copy(self) -> Encoder:
        """One that continues from the same event."""
        return Grown(self._view, self._messages.copy())


def view_of(job: Job, modes: Iterable[Mode] | None = None) -> View:
    """The form in which the job's run was asked for, or the one that this client asks for."""
    asked: Mapping[str, Any] = job.request.view or {}
    names = Names(job.id, thread_id(job), assistant_id(job.request.graph), job.request.graph)
    chosen = frozenset(modes or asked.get("modes", ("values",)))
    # A job of our own API has no view: it is read by the first version, always.
    version = asked.get("version", 1)
    return View(names, chosen, bool(asked.get("subgraphs", False)), version)


def chosen_modes(given: Iterable[str] | None) -> list[Mode] | None:
    """The modes that a client names in a URL, by themselves or as a list; those that we have."""
    text = " ".join(given or ())
    return [mode for mode in MODES if mode in re.findall(r"[a-z-]+", text)] or None


def logged_modes(modes: Iterable[Mode]) -> list[StreamMode]:
    """What a log must have for these modes."""
    needed = [mode for asked in modes for mode in _NEEDED.get(asked, (asked,))]
    return list(dict.fromkeys(needed))  # type: ignore[arg-type]


_formats: WeakValueDictionary[View, StreamFormat] = WeakValueDictionary()


def stream_format(view: View) -> StreamFormat:
    """The form as the relay takes it."""
    known = _formats.get(view)
    if known is None:
        known = _formats[view] = StreamFormat(
            EVENT_STREAM.content_type,
            view.encode,
            EVENT_STREAM.heartbeat,
            EVENT_STREAM.farewell,
            closes,
            partial(Grown, view) if view.grows else None,
        )
    return known
