"""The two ways to show a job's events: as NDJSON, and for people (`page`)."""

from typing import Protocol

from rich.console import Console

from tailrace.api.cli.text import json_line, one_line
from tailrace.api.client import ReceivedEvent


class View(Protocol):
    """Shows events as they come. Notes are about them and go to stderr."""

    def show(self, event: ReceivedEvent) -> None:
        """Show the next event."""
        ...

    def note(self, text: str) -> None:
        """Say something that is not part of the log."""
        ...


class Lines:
    """One line of JSON an event, nothing left out."""

    def __init__(self, out: Console, err: Console) -> None:
        self._out = out
        self._err = err

    def show(self, event: ReceivedEvent) -> None:
        """Write the event."""
        self._out.out(json_line(event), highlight=False)

    def note(self, text: str) -> None:
        """Say something on stderr."""
        self._err.out(one_line(text), style="dim", highlight=False)
