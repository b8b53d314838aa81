"""The command line as a process, against a real service."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

import pytest

from tailrace import ReceivedEvent, Tailrace
from tests.support.processes import Service

COMMAND = (sys.executable, "-c", "from tailrace.cli import main; main()")
LASTING = '{"count": 400, "interval_s": 0.01}'
WAIT_S = 20.0


@asynccontextmanager
async def tailrace(url: str, *arguments: str, stdout: int = PIPE) -> AsyncGenerator[Process]:
    """The command, started; killed if the test leaves it running."""
    env = {**os.environ, "TAILRACE_URL": url}
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, env=env, stdin=PIPE, stdout=stdout, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def call(url: str, *arguments: str) -> tuple[int, str, str]:
    """The command's exit code, stdout and stderr."""
    async with tailrace(url, *arguments) as process:
        return await left(process)


async def left(process: Process) -> tuple[int, str, str]:
    out, err = await asyncio.wait_for(process.communicate(), WAIT_S)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def whole_log(service: Service, job_id: str) -> list[ReceivedEvent]:
    async with Tailrace(service.url) as client, aclosing(client.events(job_id)) as events:
        return [event async for event in events]


def job_id_in(err: str) -> str:
    return next(line.removeprefix("job ") for line in err.splitlines() if line.startswith("job "))


async def read_line(stream: asyncio.StreamReader | None) -> str:
    assert stream is not None
    return (await asyncio.wait_for(stream.readline(), WAIT_S)).decode()


async def test_run_as_json_prints_the_log_as_it_is(service: Service):
    code, out, err = await call(service.url, "run", "counter", "--input", '{"count": 50}', "--json")
    log = await whole_log(service, job_id_in(err))
    assert code == 0
    assert out == "".join(f'{{"id":{e.seq},"event":"{e.name}","data":{e.data}}}\n' for e in log)


async def test_run_tells_people_how_a_failed_job_ended(service: Service):
    code, out, _ = await call(
        service.url, "run", "counter", "--input", '{"count": 5, "fail_at": 3}'
    )
    assert code == 1
    assert "\nfailed\n" in out


async def test_follow_prints_what_is_behind_the_number(service: Service):
    _, whole, err = await call(service.url, "run", "counter", "--input", '{"count": 9}', "--json")
    code, rest, _ = await call(service.url, "follow", job_id_in(err), "--after", "4", "--json")
    assert code == 0
    assert rest.splitlines() == whole.splitlines()[4:]


async def test_a_broken_off_run_can_be_followed_to_the_same_log(service: Service):
    async with tailrace(service.url, "run", "counter", "--input", LASTING, "--json") as process:
        seen = [await read_line(process.stdout) for _ in range(5)]
        process.send_signal(signal.SIGINT)
        code, more, err = await left(process)
    assert code == 130
    assert "Traceback" not in err
    (hint,) = [line for line in err.splitlines() if line.startswith("to resume: ")]
    program, *arguments = hint.removeprefix("to resume: ").split()
    assert program.endswith("tailrace")
    code, rest, _ = await call(service.url, *arguments, "--json")
    log = await whole_log(service, job_id_in(err))
    assert code == 0
    numbers = [json.loads(line)["id"] for line in ("".join(seen) + more + rest).splitlines()]
    assert numbers == [event.seq for event in log]


async def test_a_cancelled_job_ends_its_followers_with_code_3(service: Service):
    endless = '{"count": 6000, "interval_s": 0.01}'
    _, out, _ = await call(service.url, "run", "counter", "--input", endless, "--detach")
    job_id = out.strip()
    async with tailrace(service.url, "follow", job_id) as process:
        assert "queued" in await read_line(process.stdout)
        cancelled, _, _ = await call(service.url, "cancel", job_id)
        code, shown, _ = await left(process)
    assert (cancelled, code) == (0, 3)
    assert shown.endswith("cancelled\n")


@pytest.mark.timeout(60)
async def test_a_job_that_asks_goes_on_with_the_answer(service: Service):
    given = '{"text": "Closed on Monday."}'
    async with tailrace(service.url, "run", "approval", "--input", given, "--json") as run:
        while '"status":"waiting"' not in await read_line(run.stdout):
            continue
        job_id = job_id_in(await read_line(run.stderr))
        answered, status, _ = await call(service.url, "answer", job_id, "--value", "true")
        code, shown, err = await left(run)
    assert (answered, code) == (0, 0)
    assert status.strip() in ("queued", "running", "succeeded")
    assert json.loads(shown.splitlines()[-1])["data"]["result"]["published"] is True
    assert f"tailrace answer {job_id} --value JSON" in err


async def test_a_reader_that_leaves_causes_no_traceback(service: Service):
    ours, theirs = os.pipe()
    arguments = ("run", "counter", "--input", LASTING)
    async with tailrace(service.url, *arguments, stdout=theirs) as process:
        os.close(theirs)
        await asyncio.wait_for(asyncio.to_thread(os.read, ours, 1), WAIT_S)
        os.close(ours)
        _, err = await asyncio.wait_for(process.communicate(), WAIT_S)
    assert "Traceback" not in err.decode()


async def test_an_unknown_graph_is_refused_in_one_line(service: Service):
    code, out, err = await call(service.url, "run", "nobody-serves-this")
    assert (code, out, err.count("\n")) == (4, "", 1)


async def test_graphs_names_what_is_served(service: Service):
    code, out, _ = await call(service.url, "graphs")
    assert code == 0
    assert "counter" in out


@pytest.mark.timeout(180)
async def test_the_demo_proves_what_it_says():
    async with tailrace("", "demo", "--topic", "the water mill") as process:
        out, err = await asyncio.wait_for(process.communicate(), 150)
    assert process.returncode == 0, err.decode()
    assert "connection cut by this demo after event" in err.decode()
    assert "log equals what was received yes" in " ".join(out.decode().split())
