"""Logs for clients that know no references: with all large values in their places.

Such a log has a channel of its own beside the plain one, so that both kinds of clients share their
frames among themselves.
"""

from dataclasses import dataclass
from typing import TypeAlias

from tailrace.shared.log_store.jobs.summaries import LogId


@dataclass(frozen=True, slots=True)
class WholeLog:
    """A log with all large values in their places."""

    of: LogId

    def __str__(self) -> str:
        """As the plain log's."""
        return str(self.of)


ChannelId: TypeAlias = LogId | WholeLog
"""What a channel is of."""


def stored(channel_id: ChannelId) -> LogId:
    """Whose log it is."""
    return channel_id.of if isinstance(channel_id, WholeLog) else channel_id
