"""`tailrace dev` in the folder of somebody's own project."""

import os
import sys
import venv
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.local_run import Run
from tests.support.project import project, write
from tests.support.wait import wait_until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc"),
    pytest.mark.timeout(150),
]

DOTENV = {"PYTHON_DOTENV_DISABLED": ""}
"""Turned off in tests elsewhere; here a project's own file is what is tried."""
ENVIRONMENT = """
import os
from saying import saying
NAMES = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MODEL", "OWN")
graph = saying(lambda _: {"text": " ".join(str(os.environ.get(name)) for name in NAMES)})
"""
WAITING = """
from pathlib import Path
import asyncio
from saying import saying

async def say(_):
    while not Path({gate!r}).exists():
        await asyncio.sleep(0.05)
    return {{"text": {word!r}}}

graph = saying(say)
"""
WORD = "from saying import saying\ngraph = saying(lambda _: {{'text': {word!r}}})\n"

WHEEL = {
    "METADATA": "Metadata-Version: 2.1\nName: water-mill\nVersion: 1.0\n",
    "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "RECORD": "",
}

Start = Callable[..., Run]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start runs in a project's folder; the test's end is theirs."""
    runs: list[Run] = []

    def begin(*words: str, **more: Any) -> Run:
        env = {**DOTENV, **more.pop("env", {})}
        runs.append(Run(tmp_path, "--port", "0", *words, env=env, **more))
        return runs[-1]

    yield begin
    for run in runs:
        run.end()


async def posted(url: str, graph: str = "own") -> str:
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        response = await client.post("/jobs", json={"graph": graph, "input": {}})
    assert response.status_code == 202, response.text
    return response.json()["id"]


async def ended(url: str, job_id: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:

        async def final() -> dict[str, Any] | None:
            job = (await client.get(f"/jobs/{job_id}")).json()
            return job if job["status"] in ("succeeded", "failed") else None

        job = await wait_until(final, f"the end of {job_id}", 60)
    assert job is not None
    return job


async def said(url: str, graph: str = "own") -> str:
    job = await ended(url, await posted(url, graph))
    assert job["status"] == "succeeded", job
    return job["result"]["text"]


async def test_a_project_has_its_own_variables_and_no_model_of_ours(
    start: Start, tmp_path: Path
) -> None:
    write(tmp_path, {"own.env": "OPENAI_API_KEY=sk-of-the-project\nOWN=from a file\n"})
    project(tmp_path, {"own.py": ENVIRONMENT}, {"own": "./own.py:graph"}, env="own.env")
    run = start()
    assert await said(await run.ready()) == "sk-of-the-project None None from a file"
    assert "smollm" not in run.said


async def test_a_change_hands_running_jobs_back_and_serves_what_is_there_then(
    start: Start, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    graphs = {"own": "./own.py:graph", "word": "./word.py:graph"}
    files = {
        "own.py": WAITING.format(gate=str(gate), word="old"),
        "word.py": WORD.format(word="old"),
    }
    project(tmp_path, files, graphs)
    run = start()
    url = await run.ready()
    job_id = await posted(url)
    await wait_until(lambda: "attempt opened" in run.said, "the job to run", 30)
    write(tmp_path, {"own.py": WAITING.format(gate=str(gate), word="new")})
    write(tmp_path, {"word.py": WORD.format(word="new")})
    await wait_until(lambda: run.said.count("worker ready") == 2, "the worker again", 60)
    gate.touch()
    job = await ended(url, job_id)
    assert await said(url, "word") == "new"

    assert (job["status"], job["result"]) == ("succeeded", {"text": "new"})
    assert ".py has changed: the workers restart" in run.said
    assert "killed" not in run.said


async def test_a_graph_that_a_change_breaks_is_mended_by_the_next(
    start: Start, tmp_path: Path
) -> None:
    project(tmp_path, {"own.py": WORD.format(word="whole")}, {"own": "./own.py:graph"})
    run = start()
    url = await run.ready()
    write(tmp_path, {"own.py": "import langchain_nowhere\n"})

    async def refused() -> bool:
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            told = await client.post("/jobs", json={"graph": "own", "input": {}})
        return told.status_code == 503 and "langchain_nowhere" in told.text

    await wait_until(refused, "a 503 that tells the developer why", 60)
    assert "reason=\"ModuleNotFoundError: No module named 'langchain_nowhere'\"" in run.said
    assert "tailrace dev --install" in run.said
    write(tmp_path, {"own.py": WORD.format(word="mended")})
    await wait_until(lambda: run.said.count("worker ready") == 3, "the worker again", 60)
    assert await said(url) == "mended"


async def test_what_a_project_declares_is_installed_when_asked_for_and_only_then(
    start: Start, tmp_path: Path
) -> None:
    wheel = a_wheel(tmp_path)
    code = "import water_mill, saying\ngraph = saying.saying(lambda _: {'text': water_mill.W})"
    declared = [".", f"water-mill @ {wheel.as_uri()}"]
    project(tmp_path, {"own.py": code}, {"own": "./own.py:graph"}, dependencies=declared)
    python = own_environment(tmp_path / "environment")
    path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    without = start("--data", "one", python=python, env=path)
    await without.ready()
    assert 'missing=["water-mill"]' in without.said
    without.end()
    run = start("--install", "--data", "two", python=python, env=path)
    assert await said(await run.ready()) == "turns"


def a_wheel(folder: Path) -> Path:
    """A distribution `water-mill` with a module `water_mill`, which no registry has to have."""
    wheel = folder / "water_mill-1.0-py3-none-any.whl"
    info = "water_mill-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("water_mill.py", "W = 'turns'\n")
        for name, lines in WHEEL.items():
            archive.writestr(f"{info}/{name}", lines)
    return wheel


def own_environment(folder: Path) -> str:
    """A Python environment of the test's own, which sees all that this one has; its interpreter."""
    venv.create(folder, with_pip=False, symlinks=True)
    [packages] = (folder / "lib").glob("python*/site-packages")
    ours = [path for path in sys.path if path.endswith("site-packages")]
    lines = "".join(f"import site; site.addsitedir({path!r})\n" for path in ours)
    (packages / "ours.pth").write_text(lines)
    return str(folder / "bin" / "python")
