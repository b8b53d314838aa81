"""The one log: lines of all processes, one below the other, each with the name of its process."""

from collections.abc import Callable, Mapping
from typing import TextIO

from tailrace.deploy.local.logline import lay_out

NAME_WIDTH = 8
PALE = 37
COLOURS: Mapping[str, int] = {"api": 36, "worker": 32, "model": 33, "store": 35}


class Console:
    """Writes whole lines. Once nobody reads them, it says so once and falls silent."""

    def __init__(self, out: TextIO, coloured: bool, on_lost: Callable[[], None]) -> None:
        self._out = out
        self._encoding = out.encoding or "utf-8"
        self._coloured = coloured
        self._on_lost = on_lost
        self._lost = False

    def say(self, text: str) -> None:
        """Something of our own."""
        self._write(f"tailrace: {text}\n")

    def show(self, name: str, line: bytes) -> None:
        """A line that the process of this name has written."""
        prefix = self._prefix(name)
        self._write("".join(f"{prefix} {text}\n" for text in lay_out(line)))

    def _prefix(self, name: str) -> str:
        label = f"{name:<{NAME_WIDTH}} |"
        if not self._coloured:
            return label
        return f"\x1b[{COLOURS.get(name.partition('-')[0], PALE)}m{label}\x1b[0m"

    def _write(self, text: str) -> None:
        if self._lost:
            return
        try:
            self._out.write(text.encode(self._encoding, "backslashreplace").decode(self._encoding))
            self._out.flush()
        except OSError:
            # The terminal or the reading process has gone; there is nobody left to tell.
            self._lost = True
            self._on_lost()
