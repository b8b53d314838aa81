"""The code blocks and tables of a Markdown document, as the tests of the documents see them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_WHOLE = re.compile(r"`[^`]*`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: ```` ```language name ````."""

    heading: str
    """The heading under which it stands."""
    language: str
    name: str
    """Of the file that it is, where it is one."""
    text: str


def blocks(document: str) -> list[Block]:
    """All fenced blocks of a document of the project, in order."""
    return list(_blocks((ROOT / document).read_text()))


def _blocks(text: str) -> Iterator[Block]:
    inside = [range(*match.span()) for match in _FENCE.finditer(text)]
    headings = [
        match
        for match in _HEADING.finditer(text)
        if not any(match.start() in fence for fence in inside)
    ]
    for match in _FENCE.finditer(text):
        above = [heading[1] for heading in headings if heading.start() < match.start()]
        language, _, name = match["info"].partition(" ")
        yield Block(above[-1] if above else "", language, name, match["text"])


def rows(document: str, *header: str) -> list[list[str]]:
    """The cells of the one table with this header; backquotes around a whole cell are taken off.

    Raises:
        ValueError: there is no such table.
    """
    lines = [_cells(line) for line in (ROOT / document).read_text().splitlines()]
    first = lines.index(list(header)) + 2
    return list(takewhile(bool, lines[first:]))


def _cells(line: str) -> list[str]:
    """The cells of a table's line; of any other, none."""
    if not line.startswith("|"):
        return []
    cells = (cell.strip() for cell in line.strip()[1:-1].split("|"))
    return [cell[1:-1] if _WHOLE.fullmatch(cell) else cell for cell in cells]
