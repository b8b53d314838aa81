"""`python -m tools.documents`: regenerate every generated part of the documents."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tools.documents import command_line, decisions, rooms, tables
from tools.documents.marks import Part, names, renewed

ROOT: Final = Path(__file__).parents[2]
PARTS: Final[Mapping[str, Part]] = {
    "states": tables.states,
    "keys": tables.redis_keys,
    "langgraph-json": tables.project_keys,
    "provider-failures": tables.provider_failures,
    "settings": tables.settings,
    "make": tables.make_targets,
    "rooms": rooms.rooms,
    "maps": rooms.maps,
    "commands": command_line.commands,
    "decisions": decisions.decisions,
}


def documents() -> Iterator[Path]:
    """Every Markdown file of the project that has a generated part."""
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]):
        if names(path.read_text()):
            yield path


def main() -> None:
    """Write the documents whose generated parts have changed, and name them."""
    for path in documents():
        before = path.read_text()
        after = renewed(before, PARTS)
        if after != before:
            path.write_text(after)
            print(path.relative_to(ROOT))  # noqa: T201 - the command's output


if __name__ == "__main__":
    main()
