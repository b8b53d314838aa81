"""Other people's projects: a folder of files around a `langgraph.json`, written by a test."""

from pathlib import Path
from typing import Any, Final

from tests.support.graphs import graphs_file

SAYING: Final = """
from typing import TypedDict
from langgraph.graph import START, StateGraph


class Text(TypedDict, total=False):
    text: str


def saying(say):
    return StateGraph(Text).add_node("say", say).add_edge(START, "say").compile()
"""
"""A module with `saying`: a graph of one node, the function that it is given."""


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files by their paths in the folder."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def project(folder: Path, files: dict[str, str], graphs: Any, **more: Any) -> Path:
    """A project with these files, and `saying.py`; its `langgraph.json`."""
    write(folder, {"saying.py": SAYING, **files})
    return graphs_file(folder, graphs, **{"dependencies": ["."], **more})
