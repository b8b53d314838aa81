"""Tables that repeat what the code says: states, keys, settings, targets, failures."""

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final, cast

from tailrace.shared.jobs import TRANSITIONS
from tailrace.shared.project.keys import KEYS
from tailrace.shared.redis import keys
from tools.documents.table import table

ROOT: Final = Path(__file__).parents[2]
_SECTION: Final = re.compile(r"^# --- (.+?) -+\n(.*?)(?=^# ---|\Z)", re.MULTILINE | re.DOTALL)
_EXPLAINED: Final = re.compile(r"((?:^# .*\n)+)((?:^#[A-Z].*\n?)+)", re.MULTILINE)
_TARGET: Final = re.compile(r"^([a-z-]+):.*## (.*)$", re.MULTILINE)
_SETTING: Final = re.compile(r"^#(\w+)=(.*)$", re.MULTILINE)


def states() -> str:
    """The arrows between the states of a job, from the table that the code checks them by."""
    order = list(TRANSITIONS)
    open_ = {state: sorted(to, key=order.index) for state, to in TRANSITIONS.items() if to}
    width = max(map(len, open_))
    arrows = (f"{state:{width}} -> {' | '.join(to)}" for state, to in open_.items())
    return "\n".join(("```text", *arrows, "```"))


def redis_keys() -> str:
    """The table of every Redis key, which is the docstring of the module that spells them."""
    lines = cast("str", keys.__doc__).splitlines()
    return "\n".join(line for line in lines if line.startswith("|"))


def project_keys() -> str:
    """What becomes of each key of `langgraph.json`."""
    return table(("key", "", ""), ([f"`{key.name}`", key.fate, key.words] for key in KEYS))


def provider_failures() -> str:
    """The cases that the tests run over HTTP."""
    # Only here: the tests bring the SDKs of providers along, which takes seconds.
    from tests.unit.test_provider_failures import AGAIN, CASES  # noqa: PLC0415

    told = (
        (case.provider, case.sends, f"`{case.type}`", "yes" if case.type in AGAIN else "no")
        for case in CASES
    )
    once = (row for row, _ in groupby(told))
    return table(("provider", "what happens", "`error.type`", "tried again"), once)


def settings() -> str:
    """Every setting, by section, from `.env.example`."""
    text = (ROOT / ".env.example").read_text()
    return "\n\n".join(
        f"## {title}\n\n{table(('variable', 'default', ''), _settings(body))}"
        for title, body in _SECTION.findall(text)
    )


def _settings(section: str) -> Iterator[tuple[str, str, str]]:
    """The settings of a section; those that share a comment share its words."""
    for comment, lines in _EXPLAINED.findall(section):
        words = " ".join(line.removeprefix("# ") for line in comment.splitlines())
        for name, value in _SETTING.findall(lines):
            yield f"`{name}`", f"`{value}`" if value else "", words


def make_targets() -> str:
    """What `make` lists."""
    targets = _TARGET.findall((ROOT / "Makefile").read_text())
    return table(("command", ""), ((f"`make {name}`", words) for name, words in targets))
