"""`make generate`: regenerate every generated part of the documents."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

import mdformat

from bench import report_file, report_page
from tools.documents import command_line, decisions, rooms, tables
from tools.documents.marks import Part, names, renewed

ROOT: Final = Path(__file__).parents[2]
_PARTS: Final[Mapping[str, Part]] = {
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
    "goals": lambda: report_page.markdown(report_file.read()),
}


def parts() -> Mapping[str, Part]:
    """What makes each part, in the form that `make fmt` gives to Markdown."""
    return {name: partial(_formatted, part) for name, part in _PARTS.items()}


def _formatted(part: Part) -> str:
    options = tomllib.loads((ROOT / ".mdformat.toml").read_text())
    return mdformat.text(part(), options=options, extensions={"gfm"}).strip()


def documents() -> Iterator[Path]:
    """Every Markdown file of the project that has a generated part."""
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]):
        if names(path.read_text()):
            yield path


def write_generated_parts() -> list[Path]:
    """Write the documents whose generated parts have changed."""
    return [path for path in documents() if _rewritten(path)]


def _rewritten(path: Path) -> bool:
    before = path.read_text()
    after = renewed(before, parts())
    if after != before:
        path.write_text(after)
    return after != before


def main() -> None:
    """Write them, and name those that have changed."""
    for path in write_generated_parts():
        print(path.relative_to(ROOT))  # noqa: T201 - the command's output


if __name__ == "__main__":
    main()
