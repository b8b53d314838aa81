"""The code blocks and tables of a Markdown document, as the tests of the documents see them.

Every block is of a kind that a test takes. The word behind its language says which:

    bash                 run by tests/e2e on a real service; a `text` after it is what it prints
    console WHY          not run there, for a reason of `CONSOLE`
    python, json FILE    a file of the project that the page's commands serve
    python               run, and compared with its `#>`
    text FILE            a drawing, an example, or a file that another test compares
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
)
"""Every document of the project, by its path."""
CONSOLE = {
    "serves": "it keeps the terminal: it is the service that the other blocks talk to",
    "make": "it is a target of the Makefile, with tests of its own",
    "docker": "it needs Docker: tests/docker checks it",
}

_FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_WHOLE = re.compile(r"`[^`]*`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: ```` ```language name ````."""

    document: str
    heading: str
    """The heading under which it stands."""
    line: int
    language: str
    name: str
    """What follows the language: the file that the block is, or why it is not run."""
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def blocks(document: str) -> list[Block]:
    """All fenced blocks of a document of the project, in order."""
    return list(_blocks(document, (ROOT / document).read_text()))


def all_blocks(*languages: str) -> list[Block]:
    """The blocks of all documents in one of these languages, or in any if none is named."""
    every = (block for document in DOCUMENTS for block in blocks(document))
    return [block for block in every if not languages or block.language in languages]


def _blocks(document: str, text: str) -> Iterator[Block]:
    inside = [range(*match.span()) for match in _FENCE.finditer(text)]
    headings = [
        match
        for match in _HEADING.finditer(text)
        if not any(match.start() in fence for fence in inside)
    ]
    for match in _FENCE.finditer(text):
        above = [heading[1] for heading in headings if heading.start() < match.start()]
        language, _, name = match["info"].partition(" ")
        line = text.count("\n", 0, match.start()) + 1
        yield Block(document, above[-1] if above else "", line, language, name, match["text"])


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
