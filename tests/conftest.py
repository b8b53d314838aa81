"""What holds for every test: its tier, its store, and what it may neither leave nor do.

The folder is the tier: unit runs nothing beside the test, integration a real store, e2e real
processes, recovery processes that are killed, docker containers, browser a browser. What is slow or
needs more than `make install` brings runs only where its folder is named.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from blockbuster import BlockBuster, blockbuster_ctx
from redis.asyncio import Redis

from tests.support import docker, keys, store
from tests.support.processes import Service, running_service

TIERS = {
    "unit": "nothing runs beside the test",
    "integration": "on a real store",
    "e2e": "on real processes",
    "recovery": "on real processes that are killed, frozen and restarted, and unreachable stores",
    "contract": "what arq and uvicorn have to keep for us",
    "conformance": "LangGraph's own suite for checkpointers",
    "docker": "in containers",
    "browser": "in a real browser",
    "langgraph_clients": "with LangGraph's own clients and server from npm",
}
NAMED_ONLY = {"e2e", "recovery", "docker", "browser", "langgraph_clients"}
"""Tiers that are slow or need more than `make install` brings: they run only where named."""
HERE = Path(__file__).parent
STORE = pytest.StashKey[store.Choice]()
FOREIGN_PREFIXES = ("TAILRACE_", "OPENAI_", "LANGSMITH_", "LANGCHAIN_")
FOREIGN = {"MODEL", "FORCE_COLOR", "NO_COLOR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"}
OURS = ["tailrace.api", "tailrace.worker", "tailrace.shared"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the choice of a store, and how long the test of late answers is."""
    parser.addoption(
        "--redis",
        metavar="STORE",
        help="what tests store in: embedded (the default), container or container:IMAGE",
    )
    parser.addoption(
        "--moves",
        metavar="N",
        type=int,
        default=120,
        help="how many questions, failures and hand-backs meet late answers in test_late_answers",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the tiers and shut out the settings of the shell that started pytest."""
    config.stash[STORE] = _chosen_store(config)
    for tier, meaning in TIERS.items():
        config.addinivalue_line("markers", f"{tier}: {meaning} (given by the folder)")
    for name in filter(_is_foreign, list(os.environ)):
        del os.environ[name]
    os.environ["PYTHON_DOTENV_DISABLED"] = "1"


def _chosen_store(config: pytest.Config) -> store.Choice:
    try:
        choice = store.chosen(config.getoption("--redis"))
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    if choice.kind == "container" and (lack := docker.missing()):
        raise pytest.UsageError(f"--redis={config.getoption('--redis')}: {lack}")
    return choice


def _is_foreign(name: str) -> bool:
    if name == store.URL_VARIABLE:
        return False
    return name.startswith(FOREIGN_PREFIXES) or name.upper() in FOREIGN


def pytest_report_header(config: pytest.Config) -> str:
    """Say which store the tests run against."""
    return f"store: {config.stash[STORE]}"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what needs more than is there, unless it is named; a lack is then an error."""
    if collection_path.parent != HERE or collection_path.name not in NAMED_ONLY:
        return None
    named = (Path(argument.partition("::")[0]).resolve() for argument in config.args)
    return None if any(path.is_relative_to(collection_path) for path in named) else True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test with its tier, so that `-m unit` works."""
    for item in items:
        tier = item.path.relative_to(HERE).parts[0]
        if tier in TIERS:
            item.add_marker(tier)


@pytest.fixture(scope="session")
def store_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A real store of this process's own; empty when a test begins."""
    choice = request.config.stash[STORE]
    with store.own_store(choice, tmp_path_factory.mktemp("store")) as url:
        yield url


@pytest.fixture
async def redis(store_url: str) -> AsyncIterator[Redis]:
    """A client on the store, answering in bytes."""
    async with Redis.from_url(store_url) as client:
        yield client


@pytest.fixture(autouse=True)
def every_key_has_a_ttl(request: pytest.FixtureRequest) -> Iterator[None]:
    """Empty the store before a test that uses it; fail the test if it left a key for ever."""
    if "store_url" not in request.fixturenames:
        yield
        return
    url: str = request.getfixturevalue("store_url")
    asyncio.run(keys.empty(url))
    yield
    asyncio.run(keys.assert_none_lasting(url))


@pytest.fixture(autouse=True)
def blocking_is_an_error() -> Iterator[BlockBuster]:
    """Raise where our code blocks the loop; a test that has to may `deactivate()` it."""
    with blockbuster_ctx(OURS) as guard:
        # Each script is read once in a process's life, at its first call: a few kilobytes.
        guard.functions["io.BufferedReader.read"].can_block_in("shared/redis/scripts.py", "_read")
        yield guard


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """One service for all tests of this process that only use it; see `service`."""
    async with running_service(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture
def service(shared_service: Service) -> Iterator[Service]:
    """An API and a worker, ready; a test that kills or configures takes `running_service`."""
    with shared_service.output_printed():
        yield shared_service
    asyncio.run(keys.assert_none_lasting(shared_service.store.url))
