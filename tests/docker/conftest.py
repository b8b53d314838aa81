"""What tests in containers share: the image, the stack of docker-compose.yml, and their figures."""

from typing import Final

import pytest
import pytest_asyncio

from tests.support.docker import docker, missing
from tests.support.docker_stack import IMAGE, Stack

FIGURES: Final = pytest.StashKey[list[str]]()
MIB: Final = 1024 * 1024


def pytest_configure(config: pytest.Config) -> None:
    """A list for everything that is measured."""
    config.stash[FIGURES] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stop at once, and say what is missing, where containers can't run."""
    if items and (lack := missing(compose=True)):
        raise pytest.UsageError(f"tests/docker can't run: {lack}")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print what was measured."""
    if lines := config.stash[FIGURES]:
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> list[str]:
    """Lines that are printed at the end."""
    return request.config.stash[FIGURES]


@pytest.fixture(scope="session")
def session_figures(request: pytest.FixtureRequest) -> list[str]:
    """The same, for fixtures of the session."""
    return request.config.stash[FIGURES]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def image(tmp_path_factory: pytest.TempPathFactory, session_figures: list[str]) -> str:
    """The image as Compose builds it from this checkout."""
    stack = Stack(tmp_path_factory.mktemp("image"))
    await stack.build()
    size = int(await docker("image", "inspect", "--format", "{{.Size}}", IMAGE))
    session_figures.append(f"image: {size / MIB:.0f} MiB, built in {stack.build_s:.0f} s")
    return IMAGE
