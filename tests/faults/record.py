"""What happened in a pass: faults done, jobs acknowledged, what listeners heard.

It does not judge; that is audit's.
"""

import time
from collections import Counter
from dataclasses import dataclass, field

from tailrace.shared.jobs import JobId
from tailrace.shared.threads import ThreadId
from tests.faults.plan import Fault, PlannedJob
from tests.faults.store_view import Held


@dataclass(frozen=True, slots=True)
class Heard:
    """One event as a listener got it."""

    seq: int
    digest: bytes


@dataclass(slots=True)
class Ear:
    """What one listener got over all its connections, in order."""

    heard: list[Heard] = field(default_factory=list[Heard])
    connections: int = 0
    ended: bool = False
    troubles: list[str] = field(default_factory=list[str])
    """Answers that the protocol does not know."""


@dataclass(slots=True)
class PostedJob:
    """A job that was acknowledged."""

    id: JobId
    planned: PlannedJob
    ears: list[Ear] = field(default_factory=list[Ear])

    @property
    def ended(self) -> bool:
        """Whether every listener has its `end`."""
        return all(ear.ended for ear in self.ears)


@dataclass(slots=True)
class Message:
    """A message of a conversation that was acknowledged."""

    text: str
    id: JobId
    ear: Ear = field(default_factory=Ear)


@dataclass(slots=True)
class Talk:
    """A conversation: messages that were posted at once."""

    thread: ThreadId
    messages: list[Message] = field(default_factory=list[Message])


@dataclass(frozen=True, slots=True)
class Kill:
    """A worker that was killed, and what it held."""

    at: float
    """On the wall clock, as the events' own times are."""
    held: tuple[Held, ...]


@dataclass(slots=True)
class Record:
    """All of it."""

    done: Counter[str] = field(default_factory=Counter[str])
    """Faults by kind."""
    ways: Counter[str] = field(default_factory=Counter[str])
    """Faults by kind and way."""
    kills: list[Kill] = field(default_factory=list[Kill])
    outages: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """From when to when the store was away, on the wall clock."""
    jobs: list[PostedJob] = field(default_factory=list[PostedJob])
    talks: list[Talk] = field(default_factory=list[Talk])
    refused_posts: int = 0
    """Posts that got no 202; each was posted again."""
    troubles: list[str] = field(default_factory=list[str])
    """What was wrong already while it happened."""
    started_at: float = field(default_factory=time.time)

    def note(self, fault: Fault, how: str) -> None:
        """Count a fault as done."""
        self.done[fault.kind] += 1
        self.ways[f"{fault.kind}, {how}"] += 1

    @property
    def ears(self) -> list[Ear]:
        """All listeners."""
        return [ear for job in self.jobs for ear in job.ears] + [
            message.ear for talk in self.talks for message in talk.messages
        ]
