"""The map of the code: what each room says of itself in the docstring of its `__init__`."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
ROOMS: Final = ("src/tailrace", "api", "worker", "shared", "deploy")
"""Where the code of the product is; the links below `src/tailrace` lead to the other four."""


def rooms() -> str:
    """A line for each room, indented by its depth: the first sentence of its docstring."""
    told = [(_label(folder), _first_sentence(_docstring(folder))) for folder in _folders()]
    width = max(len(label) for label, _ in told)
    return "\n".join(("```text", *(f"{label:{width}}  {said}" for label, said in told), "```"))


def maps() -> str:
    """Every room's docstring, whole: it is the map of the files in it."""
    return "\n\n".join(
        f"## {_name(folder)}\n\n```text\n{_docstring(folder)}\n```" for folder in _folders()
    )


def _folders() -> Iterator[Path]:
    """Each folder that is a package, before the folders in it."""
    for top in ROOMS:
        packages = sorted((ROOT / top).rglob("__init__.py"), key=lambda path: path.parent.parts)
        yield from (path.parent for path in packages)


def _label(folder: Path) -> str:
    name = _name(folder)
    return f"{'  ' * name.count('/')}{name.rpartition('/')[2]}/"


def _name(folder: Path) -> str:
    """As it is imported, without the name above all."""
    return folder.relative_to(ROOT).as_posix().removeprefix("src/")


def _docstring(folder: Path) -> str:
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    if not text:
        raise ValueError(f"{_name(folder)}/__init__.py does not say what the room is")
    return text


def _first_sentence(docstring: str) -> str:
    """The first sentence of a docstring, without its full stop."""
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    return paragraph.partition(". ")[0].rstrip(".")
