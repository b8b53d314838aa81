"""The attempts that a worker holds, as its own thread and the lease thread see them."""

import asyncio

from tailrace.worker.attempt.attempt import Attempt, Stop


class HeldAttempts:
    """What is held; every method may be called from either thread.

    Args:
        event_loop: runs the graphs; it alone changes an attempt.
    """

    def __init__(self, event_loop: asyncio.AbstractEventLoop) -> None:
        self._event_loop = event_loop
        self._by_token: dict[str, Attempt] = {}

    def add(self, attempt: Attempt) -> None:
        """Hold this attempt from now on."""
        self._by_token[attempt.token] = attempt

    def drop(self, attempt: Attempt) -> None:
        """Hold it no longer; an attempt that is not held is ignored."""
        self._by_token.pop(attempt.token, None)

    def all(self) -> list[Attempt]:
        """What is held at this moment."""
        return list(self._by_token.values())

    def __contains__(self, attempt: Attempt) -> bool:
        """Whether the attempt is still held."""
        return attempt.token in self._by_token

    def interrupt(self, attempt: Attempt, reason: Stop) -> None:
        """Have the event loop stop the attempt's graph."""
        if not self._event_loop.is_closed():
            self._event_loop.call_soon_threadsafe(attempt.interrupt, reason)
