"""The map of the code: what each room and each file says of itself in its first sentence."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from docs.tools.table import first_sentence, table

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = ("src/tailrace", "api", "worker", "shared", "deploy")
"""Where the code of the product is; the links below `src/tailrace` lead to the other four."""
_COMMENTS: Final = {
    ".lua": re.compile(r"\A((?:--.*\n)+)"),
    ".js": re.compile(r"\A/\*\*(.*?)\*/", re.DOTALL),
}
_STARS: Final = re.compile(r"^\s*(?:--|\*)\s?", re.MULTILINE)


def rooms() -> str:
    """A line for each room, indented by its depth.

    Raises:
        ValueError: a room does not say what it is.
    """
    told = [(_label(folder), _said(folder / "__init__.py")) for folder in _rooms()]
    width = max(len(label) for label, _ in told)
    return "\n".join(("```text", *(f"{label:{width}}  {said}" for label, said in told), "```"))


def files() -> str:
    """Every file of every room, with what it says of itself."""
    return "\n\n".join(
        f"## {_name(folder)}/\n\n{_said(folder / '__init__.py')}.\n\n{_files(folder)}"
        for folder in _rooms()
    )


def unexplained() -> list[Path]:
    """Files and rooms that do not say what they are."""
    return [path for path in _code() if not _first(path)]


def _rooms() -> Iterator[Path]:
    """Each folder that is a package, before the folders in it."""
    for top in ROOMS:
        packages = sorted((ROOT / top).rglob("__init__.py"), key=lambda path: path.parent.parts)
        yield from (path.parent for path in packages)


def _code() -> Iterator[Path]:
    for folder in _rooms():
        yield folder / "__init__.py"
        yield from _inside(folder)


def _inside(folder: Path) -> list[Path]:
    """The files of a room, those of folders that are no rooms of their own among them."""
    there = (path for path in folder.rglob("*") if path.suffix in {".py", *_COMMENTS})
    ours = (path for path in there if _owner(path) == folder and path.name != "__init__.py")
    return sorted(path for path in ours if "examples" not in path.relative_to(folder).parts)


def _owner(path: Path) -> Path:
    return next(folder for folder in path.parents if (folder / "__init__.py").exists())


def _files(folder: Path) -> str:
    rows = ([f"`{path.relative_to(folder)}`", _said(path)] for path in _inside(folder))
    return table(("file", ""), rows)


def _label(folder: Path) -> str:
    name = _name(folder)
    return f"{'  ' * name.count('/')}{name.rpartition('/')[2]}/"


def _name(folder: Path) -> str:
    """As it is imported, without the name above all."""
    return folder.relative_to(ROOT).as_posix().removeprefix("src/")


def _said(path: Path) -> str:
    if first := _first(path):
        return first.replace("|", "\\|")
    raise ValueError(f"{path.relative_to(ROOT)} does not say what it is, in its first line")


def _first(path: Path) -> str:
    """The first sentence of the file's docstring, or of the comment that it begins with."""
    text = path.read_text()
    if path.suffix == ".py":
        return first_sentence(ast.get_docstring(ast.parse(text)) or "")
    comment = _COMMENTS[path.suffix].match(text)
    return first_sentence(_STARS.sub("", comment[1])) if comment else ""
