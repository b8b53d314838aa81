"""What a wheel brings where it is installed with pip alone, in environments of the test's own.

The wheel is built from the sdist. Packages come from this environment, so no registry is needed.
"""

import subprocess
import sys
import tarfile
import venv
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.support.processes import ROOT, Service

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


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from what the sdist holds."""
    folder = tmp_path_factory.mktemp("dist")
    build(ROOT, "sdist", folder)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    build(folder / sdist.name.removesuffix(".tar.gz"), "wheel", folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def client_alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and what it needs without any extra: its bin."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    [packages] = (folder / "lib").glob("python*/site-packages")
    for name in needed("tailrace"):
        copy(name, packages)
    pip = (sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), "install")
    ran(*pip, "--no-index", "--no-deps", "--quiet", str(wheel))
    ran(*pip[:-1], "check")
    return folder / "bin"


def test_the_client_alone_needs_httpx_and_what_httpx_needs() -> None:
    assert needed("tailrace") == needed("httpx") | {"httpx"}
    assert len(needed("tailrace")) < 8


async def test_the_client_alone_runs_a_job(client_alone: Path, service: Service) -> None:
    said = ran(str(client_alone / "python"), "-I", "-c", CLIENT, service.url)
    assert said.splitlines() == ["end succeeded", "[]"]


@pytest.mark.parametrize(
    ("module", "extra"),
    [("api", "api"), ("api.app", "api"), ("worker.app", "worker"), ("deploy.local", "local")],
)
def test_a_room_without_its_extra_says_which_one_it_is(
    client_alone: Path, module: str, extra: str
) -> None:
    done = subprocess.run(
        [str(client_alone / "python"), "-I", "-c", f"import tailrace.{module}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(
        f"is not installed: pip install 'tailrace[{extra}]'"
    )


def test_the_command_without_its_extra_says_so_in_a_line(client_alone: Path) -> None:
    done = subprocess.run(
        [str(client_alone / "tailrace"), "graphs"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "tailrace: typer is not installed: pip install 'tailrace[cli]'\n"


def needed(name: str) -> set[str]:
    """The distributions that one without extras needs, and what these need."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for line in metadata.requires(waiting.pop()) or ():
            wanted = Requirement(line)
            if wanted.name not in found and (
                not wanted.marker or wanted.marker.evaluate({"extra": ""})
            ):
                found.add(wanted.name)
                waiting.append(wanted.name)
    return found


def copy(name: str, packages: Path) -> None:
    """Put a distribution of this environment into another one."""
    for file in files(name):
        target = packages / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(Path(str(file.locate())).read_bytes())


def files(name: str) -> Iterator[metadata.PackagePath]:
    for file in metadata.files(name) or ():
        if not str(file).startswith("..") and file.suffix != ".pyc":
            yield file


def build(source: Path, target: str, folder: Path) -> None:
    ran(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder), cwd=source)


def ran(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
