"""`python -m tailrace.deploy.local`, whole: what it says, what it leaves, what it survives."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.pids import command, descendants, is_running
from tests.support.processes import ROOT
from tests.support.wait import wait_until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc"),
    pytest.mark.timeout(90),
]

READY_S = 45.0
GONE_S = 8.0
ELSEWHERE = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "MODEL": "none"}
"""A model that is never called; without one the local model would be loaded."""


class Run:
    """One `python -m tailrace.deploy.local` and its log."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.log = folder / f"{'-'.join(words)[-40:].replace('/', '_')}.log"
        command_line = (sys.executable, "-m", "tailrace.deploy.local", *words)
        env = {**os.environ, **ELSEWHERE, "TAILRACE_GRAPHS": str(ROOT / "langgraph.json")}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command_line,
                cwd=folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.log.read_text()

    def process_of(self, word: str) -> int:
        """The one process of the run that has the word, or a path that ends in it, as argument."""
        words = {pid: " ".join(command(pid)).split()[:4] for pid in descendants(self.process.pid)}
        [pid] = [pid for pid in words if any(own.endswith(word) for own in words[pid])]
        return pid

    async def ready(self) -> str:
        """The address that the ready line names."""
        await wait_until(self._address, f"the ready line in {self.log}", READY_S)
        return self._address()

    async def ended_by(self, number: signal.Signals) -> int:
        """Send the signal; the exit code, if it ends within seconds."""
        self.process.send_signal(number)
        return await self.exit_code(GONE_S)

    async def exit_code(self, timeout_s: float) -> int:
        await wait_until(lambda: self.process.poll() is not None, "the run to end", timeout_s)
        return self.process.returncode

    def _address(self) -> str:
        code = self.process.poll()
        assert code is None, f"ended with {code}:\n{self.said}"
        found = re.search(r"^tailrace: ready on (\S+) \(", self.said, re.MULTILINE)
        return found[1] if found else ""


Start = Callable[..., Run]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start runs in an empty folder; the test's end is theirs."""
    runs: list[Run] = []

    def begin(*words: str) -> Run:
        runs.append(Run(tmp_path, *words))
        return runs[-1]

    yield begin
    for run in runs:
        run.process.kill()
        run.process.wait(GONE_S)
        sys.stdout.write(f"--- {run.log.name} ---\n{run.said}")


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
        rf"tailrace: the data folder \S+/data is in use by process {first.process.pid}; "
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
