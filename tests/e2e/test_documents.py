"""The documents do what they say: their commands run here, on a real service.

The `bash` blocks of a page run in one shell, one after the other, as a reader types them; a `text`
block after one is what it prints, where `…` stands for anything. `console` blocks are for a
terminal that stays open: `make dev` is the service of these tests.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pytest_examples import CodeExample, EvalExample, find_examples

from tests.support.markdown import DOCUMENTS, ROOT, Block, blocks
from tests.support.processes import Service, running_service
from tools import programs

DOCUMENTED_URL = "http://127.0.0.1:8000"
PAGE_S = 100.0
"""Two cores may run everything at once, and each `tailrace` starts a Python of its own."""
NEXT_BLOCK = "--- next block ---"
KEYS = "docs/guides/api-keys.md"


def _curl_version() -> tuple[int, ...]:
    curl = programs.find("curl")
    if curl is None:
        return ()
    said = subprocess.run([curl, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in re.findall(r"\d+", said.split()[1])[:2])


needs_curl = pytest.mark.skipif(
    _curl_version() < (7, 83) and not os.environ.get("CI"),
    reason=f"curl is missing, or older than 7.83: {programs.PROGRAMS['curl'].remedy}",
)


def _pages() -> list[str]:
    """Every page that has commands."""
    return [page for page in DOCUMENTS if any(block.language == "bash" for block in blocks(page))]


def _projects() -> list[str]:
    """The pages that bring a project of their own."""
    return [page for page in _pages() if any(b.name == "langgraph.json" for b in blocks(page))]


@needs_curl
@pytest.mark.parametrize("page", sorted({*_pages()} - {*_projects(), KEYS}))
async def test_commands_of_a_page_print_what_it_says(
    page: str, service: Service, tmp_path: Path
) -> None:
    await _run(blocks(page), service.url, tmp_path)


@needs_curl
async def test_the_projects_that_pages_show_are_served(tmp_path: Path) -> None:
    graphs = dict[str, str]()
    for block in [block for page in _projects() for block in blocks(page)]:
        if block.name == "langgraph.json":
            graphs |= json.loads(block.text)["graphs"]
        elif block.language == "python":
            (tmp_path / block.name).write_text(block.text)
    (tmp_path / "langgraph.json").write_text(json.dumps({"graphs": graphs}))
    env = {"TAILRACE_GRAPHS": str(tmp_path / "langgraph.json")}
    async with running_service(tmp_path, env) as service:
        for page in _projects():
            await _run(blocks(page), service.url, tmp_path)


@needs_curl
async def test_keys_and_tickets_work_as_their_page_shows(tmp_path: Path) -> None:
    first, *others = blocks(KEYS)
    await _run([first], DOCUMENTED_URL, tmp_path)
    env = {name: value or "" for name, value in dotenv_values(tmp_path / ".env").items()}
    async with running_service(tmp_path, env) as service:
        await _run(others, service.url, tmp_path)


@pytest.mark.parametrize(
    "example",
    [
        example
        for example in find_examples(*(ROOT / document for document in DOCUMENTS))
        if example.prefix == "python"
    ],
    ids=lambda example: f"{example.path.name}:{example.start_line}",
)
def test_python_examples_print_what_they_say(
    example: CodeExample, eval_example: EvalExample, service: Service
) -> None:
    example.source = example.source.replace(DOCUMENTED_URL, service.url)
    eval_example.run_print_check(example)


async def _run(page: Sequence[Block], url: str, folder: Path) -> None:
    """Run the commands in one shell and compare what each block of them prints."""
    ran = [(n, block) for n, block in enumerate(page) if block.language == "bash"]
    script = f"\necho '{NEXT_BLOCK}'\n".join(block.text for _, block in ran)
    printed = await _shell(script.replace(DOCUMENTED_URL, url), url, folder)
    for (n, block), text in zip(ran, printed.split(NEXT_BLOCK), strict=True):
        for expected in takewhile(lambda block: block.language == "text", page[n + 1 : n + 2]):
            assert _pattern(expected.text).fullmatch(text.strip()), f"{block} printed:\n{text}"


async def _shell(script: str, url: str, folder: Path) -> str:
    places = [str(Path(sys.executable).parent), os.environ["PATH"]]
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        cwd=folder,
        env={**os.environ, "PATH": os.pathsep.join(places), "TAILRACE_URL": url},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(PAGE_S):
        out, complaints = await process.communicate()
    assert process.returncode == 0, f"{complaints.decode()}\n{out.decode()}"
    return out.decode()


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text.strip()).replace("…", ".*?"), re.DOTALL)
