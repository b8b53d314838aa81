"""A real service in many processes, each behind a link of its own; starts, stops and restarts it.

Owns which process is whole just now, and may therefore be broken. What is done to it is injector's.
"""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import httpx

from tailrace.deploy.local.store import EmbeddedStore, socket_path
from tests.faults.link import Direction, Link, linked
from tests.faults.namespace import GuestProcess, Namespace, namespace
from tests.faults.plan import Pass
from tests.faults.store_view import StoreView
from tests.support.processes import ROOT, Process, free_port
from tests.support.wait import wait_until

READY_S: Final = 60.0
"""Two cores start several Pythons at once while they carry the load."""
OK: Final = 200
GRAPHS: Final = {
    "counter": str(ROOT / "worker/graphs/counter.py") + ":graph",
    "question": str(ROOT / "tests/faults/question.py") + ":graph",
    "conversation": str(ROOT / "tests/faults/conversation.py") + ":graph",
}

Role = Literal["worker", "api"]


@dataclass(slots=True)
class Node:
    """One process of the service."""

    role: Role
    process: Process
    link: Link
    namespace: Namespace | None
    port: int
    whole: bool = False
    """It works, and no fault has its hands on it."""

    async def cut(self, *directions: Direction) -> None:
        """Cut it off from the store in these directions."""
        if self.namespace:
            await self.namespace.cut(*directions)
        else:
            self.link.partition(*directions)

    async def heal(self) -> None:
        """The line to the store is whole again, and free of traps."""
        if self.namespace:
            await self.namespace.join()
        self.link.heal()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass(slots=True)
class Cluster:
    """The store and all processes."""

    store: EmbeddedStore
    view: StoreView
    client: httpx.AsyncClient
    keeper: ThreadPoolExecutor
    """One thread that starts the store: it is tied to the thread, and starting blocks."""
    nodes: list[Node] = field(default_factory=list[Node])
    store_is_free: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def apis(self) -> list[Node]:
        """The replicas, whole or not."""
        return [node for node in self.nodes if node.role == "api"]

    async def start(self, node: Node) -> None:
        """Start the process, also again, and return when it works.

        Raises:
            AssertionError: it does not within a minute.
        """
        node.process.start()
        await wait_until(lambda: self._works(node), f"{node.process.name} to work", READY_S)
        node.whole = True

    async def _works(self, node: Node) -> bool:
        if node.role == "worker":
            return node.process.pid in await self.view.announced()
        try:
            return (await self.client.get(node.url + "/readyz")).status_code == OK
        except httpx.TransportError:
            return False

    async def take(self, role: Role, rng: random.Random) -> Node:
        """Take a whole process out of service; one that holds jobs, if there is any.

        Another one of its kind stays whole.

        Raises:
            AssertionError: there were never two within a minute.
        """

        def spare() -> list[Node]:
            whole = [node for node in self.nodes if node.role == role and node.whole]
            return whole if len(whole) > 1 else []

        while True:
            await wait_until(spare, f"two whole processes of kind {role}", READY_S)
            held = await self.view.held() if role == "worker" else {}
            if candidates := spare():
                busy = [node for node in candidates if node.process.pid in held]
                node = rng.choice(busy or candidates)
                node.whole = False
                return node

    async def start_store(self) -> None:
        """Start the store with what it held before."""
        await self._in_keeper(self.store.start)

    async def kill_store(self) -> None:
        """End the store as a crash would."""
        await self._in_keeper(self.store.kill)

    async def stop_store(self) -> None:
        """End the store as an operator would."""
        await self._in_keeper(self.store.stop)

    async def _in_keeper(self, act: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self.keeper, act)


@asynccontextmanager
async def running_cluster(folder: Path, plan: Pass) -> AsyncGenerator[Cluster]:
    """A service as the plan wants it, ready for jobs; all of it is gone afterwards."""
    (folder / "langgraph.json").write_text(json.dumps({"graphs": GRAPHS}))
    async with AsyncExitStack() as stack:
        keeper = stack.enter_context(ThreadPoolExecutor(1, "store"))
        store = EmbeddedStore(folder / "store")
        view = StoreView(store.url)
        stack.push_async_callback(view.aclose)
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=10))
        cluster = Cluster(store, view, client, keeper)
        stack.push_async_callback(cluster.stop_store)
        await cluster.start_store()
        for number, name in enumerate(names(plan)):
            node = await _node(stack, folder, plan, name, number)
            cluster.nodes.append(node)
            stack.push_async_callback(node.process.kill)
        async with asyncio.TaskGroup() as starts:
            for node in cluster.nodes:
                starts.create_task(cluster.start(node))
        yield cluster


def names(plan: Pass) -> list[str]:
    """The processes of a pass."""
    workers = [f"worker-{n}" for n in range(plan.workers)]
    return workers + [f"api-{n}" for n in range(plan.apis)]


async def _node(stack: AsyncExitStack, folder: Path, plan: Pass, name: str, number: int) -> Node:
    """A process that is not started yet; workers get a network of their own where that can be."""
    role: Role = "worker" if name.startswith("worker") else "api"
    own = None
    if role == "worker" and plan.namespaces:
        own = await stack.enter_async_context(namespace(number))
    place = linked(
        folder / f"{name}.sock", own.host if own else None, socket_path(folder / "store")
    )
    link, port = await stack.enter_async_context(place), free_port()
    settings = {
        "PYTHONPATH": str(ROOT / "src"),
        "TAILRACE_REDIS_URL": link.url,
        "TAILRACE_HOST": "127.0.0.1",
        "TAILRACE_PORT": str(port),
        "TAILRACE_GRAPHS": str(folder / "langgraph.json"),
    }
    module = f"tailrace.{role}"
    process = GuestProcess(name, module, settings | dict(plan.env), folder)
    if own:
        process.inside(own, module)
    return Node(role, process, link, own, port)
