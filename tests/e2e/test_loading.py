"""Other people's projects in real workers: how they are loaded, and what a broken one costs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from tailrace.shared.errors import EX_CONFIG
from tests.support.faults import DONE_S, Faulty, faulty
from tests.support.processes import READY_S, Process, running
from tests.support.project import project
from tests.support.wait import wait_until

pytestmark = pytest.mark.timeout(90)

OURS = ("shared", "worker", "api", "deploy", "tests", "bench", "client")
"""Names that our own rooms have, or had."""

PACKAGES: dict[str, str] = {}
for name in OURS:
    PACKAGES[f"{name}/__init__.py"] = f"NAME = {name!r}\n"
    PACKAGES[f"{name}/deep/__init__.py"] = ""
    PACKAGES[f"{name}/deep/words.py"] = f"from {name} import NAME\nWORD = NAME.upper()\n"
    PACKAGES[f"{name}/late.py"] = f"from {name}.deep.words import WORD\n"
    PACKAGES[f"{name}_graph.py"] = f"""
from saying import saying
from {name}.deep.words import WORD

def say(state):
    from {name} import late
    from {name}.deep import words
    return {{"text": f"{{WORD}} {{late.WORD}} {{words.NAME}}"}}

graph = saying(say)
"""

FETCHES = """
import asyncio
from saying import saying

async def fetched():
    await asyncio.sleep(0)
    return "fetched"

TOOL = asyncio.run(fetched())
graph = saying(lambda state: {"text": TOOL})
"""
RAISES = "raise ValueError('hunter2')\n"
LACKS = "import water_mill_nowhere\n"
OF_A_USER = """
from saying import saying

def graph(config):
    user = config["configurable"]["user_id"]
    return saying(lambda state: {"text": f"for {user}"})
"""


@asynccontextmanager
async def serving(file: Path, **env: str) -> AsyncGenerator[Faulty]:
    place = file.parent.with_name("place")
    place.mkdir()
    async with faulty(place, 1, two_stores=False, TAILRACE_GRAPHS=str(file), **env) as served:
        yield served


async def said(place: Faulty, graph: str, within_s: float = DONE_S, **more: Any) -> str:
    end = await place.ended(await place.post(graph, {}, **more), within_s)
    assert end["status"] == "succeeded", end
    return end["result"]["text"]


async def test_a_projects_own_packages_load_whatever_their_names(tmp_path: Path) -> None:
    graphs = {name: f"./{name}_graph.py:graph" for name in OURS}
    file = project(tmp_path / "own", PACKAGES, graphs)
    async with serving(file) as place:
        told = {name: await said(place, name) for name in OURS}
    assert told == {name: f"{name.upper()} {name.upper()} {name}" for name in OURS}


LAYOUTS: dict[str, tuple[dict[str, str], list[str], str]] = {
    "a src layout that is not installed": (
        {"pyproject.toml": "[project]\nname = 'mill'\nversion = '1'", "src/mill/words.py": "W = 1"},
        ["."],
        "mill.words",
    ),
    "a plain folder": ({"parts/words.py": "W = 1"}, ["./parts"], "words"),
    "a folder that is a package": (
        {"parts/__init__.py": "", "parts/words.py": "W = 1"},
        ["./parts"],
        "parts.words",
    ),
    "packages in a folder of another name": (
        {
            "pyproject.toml": "[tool.setuptools.packages.find]\nwhere = ['lib']",
            "lib/mill/__init__.py": "W = 1",
        },
        ["."],
        "mill",
    ),
    "another project beside": (
        {
            "other/pyproject.toml": "[project]\nname = 'mill'\nversion = '1'",
            "other/src/mill/__init__.py": "W = 1",
        },
        ["./other"],
        "mill",
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_what_a_dependency_holds_can_be_imported(tmp_path: Path, layout: str) -> None:
    files, dependencies, module = LAYOUTS[layout]
    graph = (
        f"from saying import saying\nimport {module} as m\n"
        "graph = saying(lambda _: {'text': str(m.W)})"
    )
    file = project(
        tmp_path / "own",
        {**files, "own.py": graph},
        {"own": "./own.py:graph"},
        dependencies=dependencies,
    )
    async with serving(file) as place:
        assert await said(place, "own") == "1"


async def test_a_module_may_run_a_loop_of_its_own_while_it_is_imported(tmp_path: Path) -> None:
    file = project(tmp_path / "own", {"own.py": FETCHES}, {"own": "./own.py:graph"})
    async with serving(file) as place:
        assert await said(place, "own") == "fetched"


async def test_a_broken_graph_takes_no_other_along(tmp_path: Path) -> None:
    files = {"own.py": FETCHES, "raises.py": RAISES, "lacks.py": LACKS}
    graphs = {name: f"./{name}.py:graph" for name in ("own", "raises", "lacks")}
    async with serving(project(tmp_path / "own", files, graphs)) as place:
        assert await said(place, "own") == "fetched"
        refused = await place.try_post("raises")
        listed = {g["name"]: g for g in (await place.client.get("/graphs")).json()["graphs"]}
        [worker] = place.service.workers
        log = [orjson.loads(line) for line in worker.output().splitlines()]

    reference = listed["raises"]["broken"]["reference"]
    assert (refused.status_code, refused.json()["type"]) == (503, "graph-broken")
    assert refused.json()["detail"].startswith("raises: ")
    assert reference in refused.json()["detail"]
    assert "broken" not in listed["own"]
    assert "hunter2" not in str(listed)
    [raised] = [line for line in log if line.get("reference") == reference]
    assert "hunter2" in raised["traceback"]
    [lacking] = [line for line in log if line.get("graph") == "lacks"]
    assert lacking["reason"] == "ModuleNotFoundError: No module named 'water_mill_nowhere'"
    assert "tailrace dev --install" in lacking["todo"]


async def test_a_worker_whose_graphs_are_all_broken_starts_and_says_so(tmp_path: Path) -> None:
    file = project(tmp_path / "own", {"raises.py": RAISES}, {"raises": "./raises.py:graph"})
    async with serving(file) as place:
        assert (await place.try_post("raises")).status_code == 503
        [worker] = place.service.workers
        ready = [line for line in worker.output().splitlines() if "worker ready" in line]
    assert [orjson.loads(line)["broken"] for line in ready] == [["raises"]]


async def test_a_factory_that_fails_for_one_user_fails_that_job_alone(tmp_path: Path) -> None:
    file = project(tmp_path / "own", {"own.py": OF_A_USER}, {"own": "./own.py:graph"})
    async with serving(file) as place:
        end = await place.ended(await place.post("own", {}))
        assert (end["status"], end["error"]["type"]) == ("failed", "internal")
        of_users = [
            await said(place, "own", config={"configurable": {"user_id": name}})
            for name in ("ada", "bob")
        ]
        listed = (await place.client.get("/graphs")).json()["graphs"]
    assert of_users == ["for ada", "for bob"]
    assert "made for each job" in listed[0]["input_schema"]["description"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("auth", {"path": "./auth.py:auth"}), ("http", {"app": "./app.py:app"}), ("grahps", {})],
)
async def test_a_worker_does_not_start_with_a_key_that_is_not_supported(
    tmp_path: Path, key: str, value: Any
) -> None:
    file = project(tmp_path, {"own.py": FETCHES}, {"own": "./own.py:graph"}, **{key: value})
    env = {"TAILRACE_GRAPHS": str(file)}
    async with running(Process("worker", "tailrace.worker", env, tmp_path)) as worker:
        assert await worker.exited(READY_S) == EX_CONFIG
        assert f"{key!r} is" in worker.output()


async def test_a_healthy_worker_is_believed_and_served_beside_a_broken_one(tmp_path: Path) -> None:
    graphs = {"own": "./own.py:graph"}
    good = project(tmp_path / "good", {"own.py": FETCHES}, graphs)
    bad = project(tmp_path / "bad", {"own.py": RAISES}, graphs)
    async with serving(good) as place:
        [healthy] = place.service.workers
        broken = Process(
            "broken", "tailrace.worker", {**healthy.env, "TAILRACE_GRAPHS": str(bad)}, tmp_path
        )
        async with running(broken):
            await wait_until(lambda: "worker ready" in broken.output(), "the broken worker", 30)
            async with asyncio.TaskGroup() as tasks:
                # A job that comes to the broken worker again and again waits longer each time.
                jobs = [tasks.create_task(said(place, "own", 60.0)) for _ in range(12)]
            assert "opened" in broken.output(), "no job came to the broken worker"
    assert [job.result() for job in jobs] == ["fetched"] * 12


async def test_a_job_whose_graph_breaks_waits_for_a_worker_that_can_load_it(
    tmp_path: Path,
) -> None:
    file = project(tmp_path / "own", {"own.py": FETCHES}, {"own": "./own.py:graph"})
    async with serving(file, TAILRACE_BACKOFF_MAX_S="0.5") as place:
        [worker] = place.service.workers
        await worker.stop()
        job_id = await place.post("own", {})
        (file.parent / "own.py").write_text(RAISES)
        worker.start()
        await place.has_said(job_id, '"reason":"retry"')
        await worker.stop()
        (file.parent / "own.py").write_text(FETCHES)
        worker.start()
        assert (await place.ended(job_id))["result"] == {"text": "fetched"}


async def test_a_job_whose_graph_stays_broken_ends_when_it_may_fail_no_more(tmp_path: Path) -> None:
    file = project(tmp_path / "own", {"own.py": FETCHES}, {"own": "./own.py:graph"})
    async with serving(file, TAILRACE_BACKOFF_MAX_S="0.1") as place:
        [worker] = place.service.workers
        await worker.stop()
        job_id = await place.post("own", {}, max_attempts=2)
        (file.parent / "own.py").write_text(RAISES)
        worker.start()
        end = await place.ended(job_id)
        log = worker.output()
    assert end["error"]["type"] == "graph-broken"
    assert end["error"]["detail"].rpartition(" ")[2] in log
