"""What tests in the browser share: one browser, one service with a scripted model, a page each."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from inspect import iscoroutinefunction
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.support.browser import PATIENCE_MS, chromium, fresh_page
from tests.support.browser_page import Console
from tests.support.openai_server import OpenAIServer, Says, openai_server
from tests.support.processes import Service, running_service

HERE = Path(__file__).parent
TEXT = "The sky is blue, since the air scatters the short waves of the light most. "


@dataclass(frozen=True, slots=True)
class Stage:
    """A service, and the model that its worker asks."""

    service: Service
    model: OpenAIServer

    @property
    def url(self) -> str:
        """Where the page is."""
        return self.service.url


@asynccontextmanager
async def alone(
    browser: Browser, folder: Path, env: Mapping[str, str] | None = None
) -> AsyncGenerator[tuple[Service, Console]]:
    """A service that the test may hurt or configure, and its console, not opened yet."""
    async with running_service(folder / "service", env) as service, fresh_page(browser) as page:
        yield service, Console(page, service.url)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say where the pictures go."""
    words = "write the pictures of the page's states to docs/images"
    parser.addoption("--screenshots", action="store_true", help=words)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests of this folder in one loop: the browser's connection belongs to it."""
    for item in items:
        if not item.path.is_relative_to(HERE):
            continue
        item.add_marker(pytest.mark.timeout(300))
        if isinstance(item, pytest.Function) and iscoroutinefunction(item.obj):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser]:
    """One browser for all tests; contexts keep them apart."""
    expect.set_options(timeout=PATIENCE_MS)
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Stage]:
    """A service for all tests that do it no harm."""
    folder = tmp_path_factory.mktemp("stage")
    async with (
        openai_server(Says(TEXT)) as model,
        running_service(folder, model.environment()) as service,
    ):
        yield Stage(service, model)


@pytest_asyncio.fixture(loop_scope="session")
async def console(browser: Browser, stage: Stage) -> AsyncGenerator[Console]:
    """The console in a fresh context."""
    with stage.service.output_printed():
        async with fresh_page(browser) as page:
            yield Console(page, stage.url)
