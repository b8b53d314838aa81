"""The documents agree with the code: generated parts, rooms, invariants, links, commands."""

import ast
import re
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from tests.support.markdown import CONSOLE, DOCUMENTS, ROOT, Block, all_blocks, blocks, rows
from tools.documents.generate import documents, parts
from tools.documents.marks import renewed

ROOMS = ("src/tailrace", "api", "worker", "shared", "deploy")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
GENERATED = [path.relative_to(ROOT).as_posix() for path in documents()]


@pytest.mark.parametrize("document", GENERATED)
def test_what_repeats_the_code_is_what_make_generate_writes(document: str) -> None:
    text = (ROOT / document).read_text()
    assert renewed(text, parts()) == text, "run: make generate"


def packages() -> Iterator[str]:
    """The folders below `ROOMS` that are imported."""
    for room in ROOMS:
        for path in (ROOT / room).rglob("__init__.py"):
            yield str(path.parent.relative_to(ROOT))


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
    here = ROOT / document
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", here.read_text()):
        name, _, anchor = target.partition("#")
        place = here.parent / name if name else here
        assert place.exists(), target
        assert not anchor or anchor in _anchors(place), target


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_make_targets_that_are_named_exist(document: str) -> None:
    text = (ROOT / document).read_text()
    named = re.findall(r"(?:`|^|=\S+ )make ([a-z][a-z-]+)", text, re.MULTILINE)
    assert set(named) <= TARGETS


@pytest.mark.parametrize("document", DOCUMENTS)
def test_settings_that_are_named_exist(document: str) -> None:
    settings = set(re.findall(r"^#?(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    # Each may come from a file.
    settings |= {f"{name}_FILE" for name in settings}
    named = set(re.findall(r"\bTAILRACE_[A-Z_]+\b", (ROOT / document).read_text()))
    compose = [ROOT / "docker-compose.yml", *(ROOT / "deploy/nginx").glob("*.yml")]
    read = {name for file in compose for name in re.findall(r"\$\{(\w+)", file.read_text())}
    known = settings | read | {"TAILRACE_TEST_REDIS_URL"}
    assert [name for name in named if not {name, name.removesuffix("_FILE")} & known] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_are_named_exist(document: str) -> None:
    text = re.sub(
        r"^```.*?^```$", "", (ROOT / document).read_text(), flags=re.MULTILINE | re.DOTALL
    )
    tops = "api|worker|shared|deploy|bench|tests|docs|src"
    named = re.findall(rf"`((?:{tops})/[\w./-]+)`", text)
    assert [name for name in named if not _exists(name)] == []


def _exists(name: str) -> bool:
    """Whether there is such a file; a module may be named without its suffix.

    A run of the benchmarks leaves files in `bench/results` that are not kept.
    """
    places = (ROOT / name, ROOT / f"{name}.py")
    return any(place.exists() for place in places) or name.startswith("bench/results/")


@pytest.mark.parametrize("block", all_blocks("console"), ids=str)
def test_a_command_that_is_not_run_says_why_and_could_be(block: Block) -> None:
    assert block.name in CONSOLE
    subprocess.run(["bash", "-n", "-c", block.text], check=True)
    for module in re.findall(r"python -m (\S+)", block.text):
        assert find_spec(module), module
    for target in re.findall(r"\bmake ([a-z][a-z-]+)", block.text):
        assert target in TARGETS


def test_no_block_is_of_a_kind_that_no_test_takes() -> None:
    assert [str(block) for document in DOCUMENTS for block in _not_taken(document)] == []


def _not_taken(document: str) -> Iterator[Block]:
    generated = re.findall(
        r"^<!-- generated: .*?^<!-- /generated -->$",
        (ROOT / document).read_text(),
        re.MULTILINE | re.DOTALL,
    )
    first = Block(document, "", 0, "", "", "")
    for before, block in pairwise([first, *blocks(document)]):
        written = any(f"\n{block.text}```" in part for part in generated)
        if not (written or _taken(before, block)):
            yield block


def _taken(before: Block, block: Block) -> bool:
    """Whether a test takes a block: test_protocol, tests/e2e, tests/docker, or one of these."""
    match block.language:
        case "bash" | "console" | "js":
            return True
        case "python":
            return not block.name or block.name.endswith(".py")
        case "text":
            return before.language == "bash" or block.name in {"drawing", "example", "redis.conf"}
        case "yaml":
            return block.name == "docker-compose.override.yml"
        case "json":
            return block.name == "langgraph.json" or block.document == "PROTOCOL.md"
        case _:
            return block.document == "PROTOCOL.md" and block.language in {"sse", "ndjson"}


def test_the_store_of_the_stack_is_configured_as_the_page_says() -> None:
    [shown] = [block.text for block in all_blocks("text") if block.name == "redis.conf"]
    compose = (ROOT / "docker-compose.yml").read_text()
    assert [line for line in shown.splitlines() if line not in compose] == []


@pytest.mark.parametrize("block", all_blocks("yaml"), ids=str)
def test_an_override_names_services_of_the_stack(block: Block) -> None:
    stack = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert set(yaml.safe_load(block.text)["services"]) <= set(stack["services"])


@pytest.mark.parametrize("block", all_blocks("js"), ids=str)
def test_a_script_of_a_page_is_one_that_a_browser_can_read(block: Block) -> None:
    """The browser runs it in tests/browser."""
    node = ["node", "--input-type=module", "--check", "-"]
    subprocess.run(node, input=block.text, text=True, check=True)
