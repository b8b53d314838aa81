"""`latest.json`: what was measured last of each part, with its own date, machine and mode."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from bench.section import Goal, Section

RESULTS: Final = Path(__file__).with_name("results")
LATEST: Final = RESULTS / "latest.json"
PARTS: Final = ("relay", "chain", "queue", "publisher")
"""In the order in which goals are listed."""

Report = dict[str, Any]


def read(file: Path = LATEST) -> Report:
    """What was measured before; empty where nothing was."""
    return orjson.loads(file.read_bytes()) if file.exists() else {"sections": {}}


def merged(
    before: Report, new: Mapping[str, Section], machine: Mapping[str, object], mode: str
) -> Report:
    """The report with the new sections in it; parts that were not run keep theirs, and their dates.

    The head (machine, date, mode) is that of this run; `goals` are those of all parts.
    """
    head = {"machine": dict(machine), "date": _now(), "mode": mode}
    sections = dict(before["sections"])
    sections.update({name: {**head, **asdict(section)} for name, section in new.items()})
    ordered = {name: sections[name] for name in PARTS if name in sections}
    goals_ = [goal for section in ordered.values() for goal in section["goals"]]
    return {**head, "goals": goals_, "sections": ordered}


def goals(report: Report) -> Sequence[Goal]:
    """The goals of all parts."""
    return [Goal(**goal) for goal in report["goals"]]


def write(report: Report, file: Path = LATEST) -> None:
    """Keep it; a reader never sees half of it."""
    file.parent.mkdir(exist_ok=True)
    new = file.with_suffix(".new")
    new.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
    new.replace(file)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
