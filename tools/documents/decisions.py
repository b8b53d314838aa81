"""The list of the decisions, from the first lines of their pages."""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[2] / "docs" / "decisions"


def decisions() -> str:
    """A line for each page, in order."""
    pages = sorted(page for page in FOLDER.glob("*.md") if page.name != "index.md")
    return "\n".join(f"- [{_title(page)}]({page.name})" for page in pages)


def _title(page: Path) -> str:
    return page.read_text().partition("\n")[0].removeprefix("# ")
