"""How often a node, a task or a tool has begun: noted in a file a run, outside of any state.

A line is written before the work is done, in one call of the system, so that a kill loses none.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from langgraph.config import get_config

FOLDER: Final = "TAILRACE_CORPUS_STARTS"
"""The variable that names the folder of these files."""


@dataclass(frozen=True, slots=True)
class Start:
    """Something of a graph has begun."""

    name: str
    task: str
    """LangGraph's id of the task in which it did."""
    node: str
    ns: str
    """Of the task: LangGraph's names of the graphs around it and of itself, joined by `|`."""
    at: float


def ran(name: str) -> int:
    """Note that this begins now; how often it has begun in this run, this time included."""
    config: Any = get_config()
    given: Any = config["configurable"]
    told: Any = config.get("metadata") or {}
    ns = str(given.get("checkpoint_ns", ""))
    task, node = str(given.get("__pregel_task_id")), str(told.get("langgraph_node"))
    start = (name, task, node, ns, time.time())
    thread = str(given["thread_id"])
    _append(_file(thread), json.dumps(start).encode() + b"\n")
    return sum(1 for found in starts(thread) if found.name == name)


def starts(thread: str) -> Sequence[Start]:
    """All that has begun in a run, in order."""
    file = _file(thread)
    if not file.exists():
        return []
    lines = [line for line in file.read_text().splitlines() if line]
    return [Start(*cast("tuple[str, str, str, str, float]", json.loads(line))) for line in lines]


def counted(thread: str) -> Counter[str]:
    """How often each thing has begun in a run."""
    return Counter(start.name for start in starts(thread))


def _file(thread: str) -> Path:
    return Path(os.environ[FOLDER]) / thread


def _append(file: Path, line: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)
