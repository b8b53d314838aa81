"""The stack of docker-compose.yml under faults: every listener's events, end to end, equal the log.

Listeners go through nginx, and come back to whichever replica it chooses.
"""

import asyncio
import os
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tailrace.deploy.local.ports import LOOPBACK, take_port
from tests.support.docker import docker
from tests.support.docker_crowd import Crowd, Figures, crowd
from tests.support.docker_stack import Stack, crash, restarts
from tests.support.nginx import make_certificate
from tests.support.processes import ROOT
from tests.support.wait import wait_until

pytestmark = pytest.mark.timeout(300)

WORKERS, REPLICAS = 3, 2
LASTING = 300
"""Events of a job that still runs when a slow Docker has answered a few commands."""
PAUSE_S = 7.0
"""Longer than a lease, so that every job is lost to its worker and taken back."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(
    image: str, tmp_path_factory: pytest.TempPathFactory, session_figures: list[str]
) -> AsyncGenerator[Stack]:
    """Three workers and two replicas, brought up as the README says."""
    stack = Stack(tmp_path_factory.mktemp("stack"))
    try:
        await stack.up(worker=WORKERS, api=REPLICAS)
        session_figures.append(f"stack of {image}: all healthy after {stack.up_s:.1f} s")
        yield stack
        (stack.folder / "logs").write_text(await stack.logs())
    finally:
        await stack.compose("down", "--volumes", "--timeout", "0")


@pytest.fixture(autouse=True)
async def whole(stack: Stack) -> None:
    """What another test has broken or scaled is whole again."""
    await stack.scale("worker", WORKERS)
    await stack.healthy("worker", WORKERS)
    await stack.healthy("api", REPLICAS)
    await stack.healthy("nginx", 1)


async def counted(stack: Stack, people: Crowd, fault: str, figures: list[str]) -> Figures:
    """The figures of a fault, printed at the end, and nothing broken in them."""
    found = await people.figures(fault, stack.log, stack.kept)
    figures.append(str(found))
    assert found.broken == ()
    assert (found.lost, found.repeated) == (0, 0)
    return found


async def test_nobody_loses_an_event_when_a_worker_is_killed(stack: Stack, figures: list[str]):
    async with crowd(stack.url, count=LASTING) as people:
        holder = await stack.holder(people.jobs[0].id)
        [victim] = [name for name in await stack.containers("worker") if await is_id(name, holder)]
        before = await restarts(victim)
        await crash(victim)
    found = await counted(stack, people, "worker killed", figures)
    assert found.attempts > found.jobs
    assert await restarts(victim) == before + 1


async def is_id(container: str, short_id: str) -> bool:
    return (await docker("inspect", "--format", "{{.Id}}", container)).startswith(short_id)


async def test_nobody_loses_an_event_when_a_replica_restarts(stack: Stack, figures: list[str]):
    async with crowd(stack.url, count=LASTING) as people:
        [replica, *_] = await stack.containers("api")
        before = sum(ear.connections for ear in people.ears)
        await docker("restart", replica)
    after = sum(ear.connections for ear in people.ears)
    await counted(stack, people, "API replica restarted", figures)
    assert after > before


async def test_nobody_loses_an_event_when_a_replica_is_killed(stack: Stack, figures: list[str]):
    async with crowd(stack.url) as people:
        [replica, *_] = await stack.containers("api")
        before = await restarts(replica)
        await crash(replica)
    await counted(stack, people, "API replica killed", figures)
    assert await restarts(replica) == before + 1


async def test_nobody_loses_an_event_when_redis_restarts(stack: Stack, figures: list[str]):
    async with crowd(stack.url) as people:
        await stack.compose("restart", "redis")
    await counted(stack, people, "redis restarted", figures)


async def test_nobody_loses_an_event_when_redis_is_killed(stack: Stack, figures: list[str]):
    async with crowd(stack.url) as people:
        await stack.compose("kill", "redis")
        await stack.compose("start", "redis")
    await counted(stack, people, "redis killed", figures)


async def test_nobody_loses_an_event_while_redis_is_paused(stack: Stack, figures: list[str]):
    async with crowd(stack.url) as people:
        await stack.compose("pause", "redis")
        await asyncio.sleep(PAUSE_S)
        await stack.compose("unpause", "redis")
    await counted(stack, people, f"redis paused for {PAUSE_S:g} s", figures)


async def test_nobody_loses_an_event_when_workers_come_and_go(stack: Stack, figures: list[str]):
    await stack.scale("worker", 1)
    await stack.healthy("worker", 1)
    async with crowd(stack.url) as people:
        await stack.scale("worker", 4)
        await stack.healthy("worker", 4)
        await people.post(12)
        await stack.scale("worker", 1)
    found = await counted(stack, people, "workers scaled from 1 to 4 to 1", figures)
    assert await stack.containers("worker") == [f"{stack.name}-worker-1"]
    # A worker that is told to go lets its jobs end within its grace.
    assert found.attempts == found.jobs


async def test_nobody_loses_an_event_when_nginx_restarts(stack: Stack, figures: list[str]):
    async with crowd(stack.url, count=LASTING) as people:
        await stack.compose("restart", "nginx")
    found = await counted(stack, people, "nginx restarted", figures)
    assert found.reconnects >= found.listeners


async def test_without_a_replica_listeners_are_cut_and_posts_are_told_to_try_again(
    stack: Stack, figures: list[str]
):
    async with crowd(stack.url) as people, httpx.AsyncClient(base_url=stack.url) as client:
        await stack.compose("stop", "api")
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            await client.get(f"/jobs/{people.jobs[0].id}/events")
        refused = await client.post("/jobs", json={"graph": "counter", "input": {"count": 1}})
        await stack.compose("start", "api")
    assert refused.status_code == 503
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.json()["status"] == 503
    await counted(stack, people, "all replicas away", figures)


async def test_the_store_keeps_what_it_acknowledges_and_wants_a_password(stack: Stack):
    ask = "redis-cli {0}; REDISCLI_AUTH=$(cat /run/tailrace/password) redis-cli {0}"
    options = ("appendonly", "appendfsync", "maxmemory-policy")
    words = ask.format("config get " + " ".join(options))
    said = (await stack.compose("exec", "-T", "redis", "sh", "-c", words)).split()
    assert said[0] == "NOAUTH"
    told = dict(zip(options, ("yes", "always", "noeviction"), strict=True))
    assert all(said[said.index(name) + 1] == value for name, value in told.items())


async def test_nothing_but_nginx_is_published_and_that_on_loopback_only(stack: Stack):
    published = (await stack.compose("ps", "--format", "{{.Service}} {{.Ports}}")).splitlines()
    open_ports = {line for line in published if "->" in line}
    assert len(open_ports) == 1
    assert f"127.0.0.1:{stack.port}->8080/tcp" in open_ports.pop()


async def test_every_container_is_restrained(stack: Stack):
    ids = (await stack.compose("ps", "--quiet")).split()
    form = (
        "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}"
        " {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.LogConfig.Config}} {{.Config.User}}"
    )
    told = set((await docker("inspect", "--format", form, *ids)).splitlines())
    assert {line.rsplit(" ", 1)[0] for line in told} == {
        "true [ALL] [no-new-privileges:true] unless-stopped map[max-file:3 max-size:10m]"
    }
    assert {line.rsplit(" ", 1)[1] for line in told} == {"10001:10001", "redis", "nginx"}


KEYS = """
import hashlib, pathlib
from tailrace.api.settings import ApiSettings
from tailrace.shared.settings import load_settings
settings = load_settings(ApiSettings)
made = pathlib.Path("/run/tailrace/key").read_text().strip().encode()
own = settings.api_keys == {hashlib.sha256(made).hexdigest(): "default"}
print(own, settings.api_keys, settings.secret is not None)
"""


async def test_a_stack_without_keys_of_yours_makes_one_and_is_open_only_if_told_so(stack: Stack):
    async def keys(**env: str) -> str:
        closed = replace(stack, env=env)
        words = ("python", "-c", KEYS, "tailrace.api")
        return await closed.compose("run", "--rm", "-T", "--no-deps", "api", *words)

    assert (await keys()).startswith("True {")
    assert (await keys()).endswith("True")
    assert await keys(TAILRACE_ALLOW_OPEN="1") == "False {} True"
    theirs = "0" * 64
    assert await keys(TAILRACE_API_KEYS=f"ann:{theirs}") == f"False {{'{theirs}': 'ann'}} True"


async def test_every_container_has_limits_of_memory_and_of_processes(stack: Stack):
    ids = (await stack.compose("ps", "--quiet")).split()
    form = "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}"
    limits = [
        line.split() for line in (await docker("inspect", "--format", form, *ids)).splitlines()
    ]
    assert len(limits) == WORKERS + REPLICAS + 2
    assert [1 for memory, pids in limits if int(memory) <= 0 or int(pids) <= 0] == []


async def test_the_worker_takes_the_local_model_where_it_is_and_no_other_is_set_up(stack: Stack):
    async def asked(*options: str) -> str:
        words = ("sh", "-c", "echo $OPENAI_BASE_URL $MODEL")
        return await stack.compose("run", "--rm", "-T", "--no-deps", *options, "worker", *words)

    assert await asked() == ""
    named_model = ("--network", f"{stack.name}_outside", "--network-alias", "model")
    model = await docker("run", "--detach", "--rm", *named_model, "redis:8-alpine")
    try:
        assert await asked() == "http://model:8080/v1 smollm2-135m-instruct"
        assert await asked("--env", "OPENAI_API_KEY=key") == ""
    finally:
        await docker("kill", model)


async def http_version(url: str, *options: str) -> str:
    """The version in which a server answers curl with a 200, which httpx alone can't ask for."""
    words = ("curl", "--silent", "--fail", "--output", os.devnull, "--write-out", "%{http_version}")
    process = await asyncio.create_subprocess_exec(
        *words, *options, url, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0
    return said.decode()


async def test_one_port_speaks_both_versions_of_http(stack: Stack):
    assert await http_version(f"{stack.url}/readyz") == "1.1"
    assert await http_version(f"{stack.url}/readyz", "--http2-prior-knowledge") == "2"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A folder with a certificate that nginx's user may read."""
    tmp_path.chmod(0o755)
    make_certificate(tmp_path)
    return tmp_path


async def test_with_a_certificate_it_speaks_http_2_over_tls(stack: Stack, certificate: Path):
    port = take_port(LOOPBACK, 0)
    env = {**stack.env, "TAILRACE_TLS": str(certificate), "TAILRACE_HTTPS_PORT": str(port)}
    secured = replace(stack, overlays=(ROOT / "deploy/nginx/tls.yml",), env=env)
    only_nginx = ("up", "--detach", "--wait", "--no-build", "--no-deps", "nginx")
    await secured.compose(*only_nginx)
    try:
        url = f"https://localhost:{port}/readyz"
        assert await http_version(url, "--cacert", str(certificate / "tls.crt")) == "2"
    finally:
        await stack.compose(*only_nginx)


async def test_both_replicas_are_asked(stack: Stack):
    async def served() -> set[str]:
        async with httpx.AsyncClient(base_url=stack.url) as client:
            await client.get("/graphs")
        lines = (await stack.compose("logs", "--no-log-prefix", "nginx")).splitlines()
        asked = [line for line in lines if '"path":"/graphs"' in line]
        return {line.rsplit('"api":"', 1)[1] for line in asked}

    async def both() -> bool:
        return len(await served()) >= REPLICAS

    await wait_until(both, "both replicas to be asked", 20)
