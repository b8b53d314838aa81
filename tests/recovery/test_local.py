"""`python -m tailrace.deploy.local`, whole: what it says, what it leaves, what it survives."""

import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.local_run import GONE_S, READY_S, Run
from tests.support.pids import descendants, is_running
from tests.support.processes import ROOT
from tests.support.wait import wait_until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc"),
    pytest.mark.timeout(90),
]

ENV = {
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
    "MODEL": "none",
    "TAILRACE_GRAPHS": str(ROOT / "langgraph.json"),
}
"""Of a model that is never called; without one the local model would be loaded."""


Start = Callable[..., Run]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start runs in an empty folder; the test's end is theirs."""
    runs: list[Run] = []

    def begin(*words: str) -> Run:
        runs.append(Run(tmp_path, *words, env=ENV))
        return runs[-1]

    yield begin
    for run in runs:
        run.end()


async def test_ctrl_c_ends_everything_within_seconds(start: Start) -> None:
    run = start("--port", "0", "--data", "data")
    await run.ready()
    family = descendants(run.process.pid)
    assert len(family) == 3
    assert await run.ended_by(signal.SIGINT) == 0
    assert not any(is_running(pid) for pid in family)
    assert "killed" not in run.said


async def test_a_killed_supervisor_leaves_no_process_and_a_free_folder(start: Start) -> None:
    run = start("--port", "0", "--data", "data", "--workers", "2")
    await run.ready()
    family = descendants(run.process.pid)
    assert len(family) == 4
    run.process.kill()
    run.process.wait(GONE_S)
    second = start("--port", "0", "--data", "data")
    await wait_until(lambda: not any(map(is_running, family)), "all processes to end")
    await second.ready()


async def test_a_second_run_on_the_folder_is_refused(start: Start) -> None:
    first = start("--port", "0", "--data", "data")
    await first.ready()
    second = start("--port", "00", "--data", "data")
    assert await second.exit_code(GONE_S) == 1
    assert re.fullmatch(
        r"tailrace: the data folder \S+/data is in use by another run; "
        r"choose another with --data\n",
        second.said,
    )
    assert await first.ended_by(signal.SIGTERM) == 0


async def test_a_killed_store_comes_back_and_knows_the_jobs(start: Start) -> None:
    run = start("--port", "0", "--data", "data")
    async with httpx.AsyncClient(base_url=await run.ready(), timeout=10) as client:
        posted = await client.post("/jobs", json={"graph": "counter", "input": {"count": 3}})
        job = f"/jobs/{posted.json()['id']}"

        async def succeeded() -> bool:
            answer = await client.get(job)
            return answer.is_success and answer.json()["status"] == "succeeded"

        await wait_until(succeeded, "the job to succeed", 15)
        os.kill(run.process_of("/valkey-server"), signal.SIGKILL)
        await wait_until(lambda: "store ended (SIGKILL)" in run.said, "the store's end")
        await wait_until(succeeded, "the job to be known again", 15)


async def test_a_killed_worker_is_replaced(start: Start) -> None:
    run = start("--port", "0", "--data", "data")
    await run.ready()
    first = run.process_of("worker")
    os.kill(first, signal.SIGKILL)
    await wait_until(lambda: run.said.count("worker ready") == 2, "another worker", READY_S)
    assert run.process_of("worker") != first
    assert await run.ended_by(signal.SIGHUP) == 0


async def test_listening_beyond_loopback_without_keys_is_refused_with_the_reason(
    start: Start,
) -> None:
    run = start("--port", "0", "--host", "0.0.0.0", "--data", "data")
    assert await run.exit_code(READY_S) == 1
    assert "stopped, because api ended (exit code 78)" in run.said
    assert run.said.splitlines()[-1].startswith("api ")
    assert "TAILRACE_API_KEYS" in run.said.splitlines()[-1]
    assert "api ended (exit code 78) and" not in run.said


async def test_a_taken_port_is_refused_before_anything_starts(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = start("--port", str(port), "--data", "data")
        assert await run.exit_code(GONE_S) == 1
    expected = (
        f"tailrace: cannot listen on 127.0.0.1:{port} (Address already in use); "
        "choose another with --port\n"
    )
    assert run.said == expected
