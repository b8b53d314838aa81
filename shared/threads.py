"""A thread: one conversation over many jobs. Knows nothing of Redis.

One job at a time has a thread's turn. A job takes it with its first attempt, and keeps it over
retries, shutdowns and lost workers until it ends or waits to be resumed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NewType, get_args
from uuid import uuid4

from tailrace.shared.errors import ThreadNotFound

ThreadId = NewType("ThreadId", str)
"""A UUID of any version, lower-case hex with hyphens; its last digit is the thread's shard."""

ThreadStatus = Literal["idle", "busy", "interrupted", "error"]
"""As LangGraph's server has it: `interrupted` while the last job waits to be resumed."""

MultitaskStrategy = Literal["enqueue", "reject", "interrupt", "rollback"]
"""What becomes of a thread's jobs that have not ended when another one comes.

enqueue    the new job waits for its turn
reject     the new job is refused
interrupt  the others are cancelled, their state stays
rollback   the others are cancelled, and the state goes back to before the running one
"""

THREAD_STATUSES: Final[tuple[ThreadStatus, ...]] = get_args(ThreadStatus)

_FORM: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class ThreadName:
    """A tenant's thread: the same id in two tenants is two threads."""

    tenant: str
    id: ThreadId

    def __str__(self) -> str:
        """As keys and records have it."""
        return f"{self.tenant}:{self.id}"

    @classmethod
    def of(cls, text: str) -> "ThreadName":
        """The name that was written so."""
        tenant, _, thread_id = text.rpartition(":")
        return cls(tenant, ThreadId(thread_id))


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread's record."""

    id: ThreadId
    tenant: str
    status: ThreadStatus
    created_at: str
    updated_at: str
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])


def new_thread_id() -> ThreadId:
    """Make a thread's id."""
    return ThreadId(str(uuid4()))


def parse_thread_id(text: str) -> ThreadId:
    """Take a thread's id from outside.

    Raises:
        ThreadNotFound: it is not a UUID, so no such thread can exist.
    """
    text = text.lower()
    if not _FORM.fullmatch(text):
        raise ThreadNotFound
    return ThreadId(text)
