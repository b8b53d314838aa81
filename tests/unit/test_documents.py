"""The documents agree with the code: states, keys, rooms, invariants, links, settings."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from tailrace.shared.jobs import TRANSITIONS
from tailrace.shared.redis import keys
from tests.support.markdown import ROOT, blocks, rows

DOCUMENTS = sorted(path.name for path in ROOT.glob("*.md"))
ROOMS = ("src/tailrace", "api", "worker", "shared", "deploy")


def packages() -> Iterator[str]:
    """The folders below `ROOMS` that are imported."""
    for room in ROOMS:
        for path in (ROOT / room).rglob("__init__.py"):
            yield str(path.parent.relative_to(ROOT))


@pytest.mark.parametrize("document", ["PROTOCOL.md", "ARCHITECTURE.md"])
def test_the_arrows_between_states_are_the_transition_table(document: str) -> None:
    [drawn] = [block.text for block in blocks(document) if block.text.startswith("queued  ->")]
    lines = (line.split("->") for line in drawn.splitlines())
    arrows = {state.strip(): set(map(str.strip, to.split("|"))) for state, to in lines}
    assert arrows == {state: to for state, to in TRANSITIONS.items() if to}


def test_architecture_has_the_key_table_of_the_code() -> None:
    table = [line for line in cast("str", keys.__doc__).splitlines() if line.startswith("|")]
    assert "\n".join(table) in (ROOT / "ARCHITECTURE.md").read_text()


@pytest.mark.parametrize("room", sorted(packages()))
def test_a_room_s_docstring_is_its_map(room: str) -> None:
    folder = ROOT / room
    source = (folder / "__init__.py").read_text()
    docstring = ast.get_docstring(ast.parse(source), clean=False) or ""
    told = re.findall(r"^ *(\w+)  +\S", docstring, re.MULTILINE)
    assert len(told) == len(set(told))
    assert set(told) == set(_entries(folder))


def _entries(folder: Path) -> Iterator[str]:
    """The modules, packages and scripts of a room."""
    for path in folder.iterdir():
        if path.is_symlink() or path.stem == "__init__":
            continue
        if path.suffix in {".py", ".lua"} or (path / "__init__.py").exists():
            yield path.stem


def test_an_invariant_that_architecture_calls_held_has_tests_of_its_name_and_no_other_has() -> None:
    claimed = {
        int(number)
        for number, _, test in rows("ARCHITECTURE.md", "", "invariant", "held by")
        if test == f"test_invariant_{int(number):02}_*"
    }
    assert set(_invariants_tested()) == claimed


def _invariants_tested() -> Iterator[int]:
    for path in (ROOT / "tests").rglob("test_*.py"):
        yield from map(int, re.findall(r"def test_invariant_(\d\d)_", path.read_text()))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_a_file_and_a_heading(document: str) -> None:
    text = (ROOT / document).read_text()
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        name, _, anchor = target.partition("#")
        place = ROOT / (name or document)
        assert place.exists(), target
        assert not anchor or anchor in _anchors(place), target


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_make_targets_that_are_named_exist(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"(?:`|^)make ([a-z][a-z-]+)", (ROOT / document).read_text(), re.MULTILINE)
    assert set(named) <= targets


@pytest.mark.parametrize("document", DOCUMENTS)
def test_settings_that_are_named_exist(document: str) -> None:
    settings = set(re.findall(r"^#?(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bTAILRACE_[A-Z_]+\b", (ROOT / document).read_text()))
    compose = [ROOT / "docker-compose.yml", *(ROOT / "deploy/nginx").glob("*.yml")]
    read = {name for file in compose for name in re.findall(r"\$\{(\w+)", file.read_text())}
    assert named - settings - read <= {"TAILRACE_TEST_REDIS_URL"}


def test_settings_in_the_readme_have_the_defaults_of_the_example() -> None:
    text = (ROOT / ".env.example").read_text()
    example = dict(re.findall(r"^#?(\w+)=(.*)$", text, re.MULTILINE))
    for names, defaults, _ in rows("README.md", "variable", "default", ""):
        for name, default in zip(names.split(", "), defaults.split(", "), strict=True):
            told = "" if default.startswith("empty") else default.strip("`")
            assert example[name.strip("`")] == told
