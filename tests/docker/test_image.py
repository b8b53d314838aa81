"""The image: what is in it, whose rights it has, how its processes start, tell and stop."""

import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from tests.support.docker import DockerFailed, docker
from tests.support.wait import wait_until

pytestmark = pytest.mark.timeout(600)

RESTRAINED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
MOST_BYTES = 330 * 1024 * 1024
FEW_SECONDS = 15.0
"""Half of what Docker gives it before it kills."""

NOT_COMPILED = """
import importlib.util, pathlib
for folder in ("/app", "/opt/tailrace/lib"):
    for path in pathlib.Path(folder).rglob("*.py"):
        if not pathlib.Path(importlib.util.cache_from_source(path)).exists():
            print(path)
"""


async def ran(image: str, *words: str) -> str:
    """What a command writes in a container of its own, restrained as in the stack."""
    return await docker("run", "--rm", *RESTRAINED, image, *words)


@asynccontextmanager
async def running(image: str, *options: str) -> AsyncGenerator[str]:
    """A container that runs the image's own command, without an init."""
    name = f"tailrace-test-{secrets.token_hex(4)}"
    await docker("run", "--detach", "--name", name, *RESTRAINED, *options, image)
    try:
        yield name
    finally:
        await docker("rm", "--force", "--volumes", name)


async def test_it_runs_as_nobody_in_particular(image: str):
    assert (await ran(image, "id", "-u")) == "10001"


async def test_it_holds_the_service_and_nothing_of_the_checkout_beside_it(image: str):
    expected = ["LICENSE", "api", "deploy", "langgraph.json", "shared", "src", "worker"]
    assert (await ran(image, "ls", "-A", "/app")).split() == expected
    tools = "for tool in uv git gcc; do command -v $tool; done; true"
    assert (await ran(image, "sh", "-c", tools)) == ""


async def test_it_is_compiled_since_it_could_not_keep_what_it_compiles(image: str):
    missing = (await ran(image, "python", "-c", NOT_COMPILED)).splitlines()
    # Templates of other people's packages, which are no Python.
    assert [path for path in missing if path.startswith("/app")] == []
    assert len(missing) < 20


async def test_it_stays_small(image: str):
    assert int(await docker("image", "inspect", "--format", "{{.Size}}", image)) < MOST_BYTES


async def test_the_first_process_takes_sigterm_and_leaves_in_order(image: str):
    async with running(image, "--env", "TAILRACE_ALLOW_OPEN=1") as name:

        async def healthy() -> bool:
            try:
                return (
                    await docker("exec", name, "python", "-m", "tailrace.deploy.health", "api")
                    != ""
                )
            except DockerFailed:
                return False

        await wait_until(healthy, "a healthy API", 90)
        begun = time.monotonic()
        await docker("stop", "--time", "30", name)
        took_s = time.monotonic() - begun
        assert await docker("inspect", "--format", "{{.State.ExitCode}}", name) == "0"
        assert took_s < FEW_SECONDS


async def test_without_keys_it_refuses_to_serve_and_says_how_to(image: str):
    async with running(image) as name:
        assert await docker("wait", name) == "78"
        with pytest.raises(DockerFailed, match="is not running"):
            await docker("exec", name, "true")
        said = await docker("run", "--rm", image, "sh", "-c", "python -m tailrace.api 2>&1 || true")
        assert "TAILRACE_ALLOW_OPEN=1" in said


async def test_a_worker_that_never_reached_its_queue_is_not_healthy(image: str):
    with pytest.raises(DockerFailed, match="unhealthy: the worker has never heard"):
        await ran(image, "python", "-m", "tailrace.deploy.health", "worker")


async def test_the_command_line_is_there(image: str):
    assert "TAILRACE_API_KEYS=acme:" in await ran(image, "tailrace", "key", "acme")


async def test_the_image_of_the_api_carries_nothing_of_what_runs_graphs(image: str):
    await ran(f"{image}-api", "python", "-c", "import tailrace.api.app, tailrace.cli.commands")
    with pytest.raises(DockerFailed, match=r"pip install 'tailrace\[worker\]'"):
        await ran(f"{image}-api", "python", "-c", "import tailrace.worker")
    size = int(await docker("image", "inspect", "--format", "{{.Size}}", f"{image}-api"))
    assert size < MOST_BYTES - 50 * 1024 * 1024
