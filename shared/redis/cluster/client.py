"""A client of a whole Cluster: each command goes to the primary that serves its key.

docs/decisions/25-our-own-cluster-client.md says why it is neither redis-py's nor valkey-glide.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.crc import key_slot
from redis.exceptions import AskError, ClusterError, MovedError, ResponseError, TryAgainError
from redis.exceptions import ConnectionError as RedisConnectionError

from tailrace.shared.redis.cluster.nodes import Address, Command, Nodes
from tailrace.shared.redis.cluster.slots import Slots

_PAUSES_S: Final = (0, 0, 0.01, 0.05, 0.1, 0.2)
"""Before each try at keys that move: a script waits until its keys are together again."""
_TAGGED: Final = re.compile(rb"[^{\s]*\{[^{}\s]+\}")
"""How a key with a hash tag begins, and no script."""


def is_cluster(url: str) -> bool:
    """Whether the URL names nodes of a Cluster, and not a server."""
    return url.startswith(("redis+cluster://", "rediss+cluster://"))


class Cluster(Redis):
    """For commands whose keys have one hash tag. No transactions.

    Each node has the limits, timeouts and retries of a single server.

    Args:
        url: as `Nodes` reads it.
        options: of the connections to each node.

    Raises:
        ConfigurationError: the URL has another form.
    """

    def __init__(self, url: str, **options: Any) -> None:
        self._nodes = Nodes(url, options)
        self._slots = Slots(self._nodes)
        # A pool without connections: those of the nodes are used.
        super().__init__(connection_pool=self._nodes.pool(self._nodes.seeds[0]))
        self._nodes.callbacks = self.response_callbacks

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command where its key is, and follow the key while its slot moves."""
        slot = _slot(args)
        asking: Address | None = None
        for pause_s in _PAUSES_S:
            if pause_s:
                await asyncio.sleep(pause_s)
            address = asking or await self._slots.owner(slot)
            call = self._nodes.call_asking if asking else self._nodes.call
            try:
                with self._slots.suspecting(address):
                    return await call(address, (args, options))
            except MovedError as error:
                asking = None
                self._slots.move(slot, _redirected(error, address))
            except AskError as error:
                asking = _redirected(error, address)
            except TryAgainError:
                asking = None
            except RedisConnectionError:
                if asking or await self._slots.owner(slot) == address:
                    raise
        raise ClusterError(f"slot {slot} is moving")

    async def ping(self, **kwargs: Any) -> bool:
        """Ask every node that serves slots whether it replies."""
        return all([await cast("Any", node).ping(**kwargs) for node in await self.primaries()])

    async def execute_all(self, commands: Sequence[Command]) -> list[Any]:
        """Run commands in one round to each node; then, one by one, those whose keys have moved."""
        by_node: defaultdict[Address, list[int]] = defaultdict(list)
        for n, (args, _) in enumerate(commands):
            by_node[await self._slots.owner(_slot(args))].append(n)
        replies: list[Any] = [None] * len(commands)
        for address, numbers in by_node.items():
            with self._slots.suspecting(address):
                found = await self._nodes.call_all(address, [commands[n] for n in numbers])
            for n, reply in zip(numbers, found, strict=True):
                replies[n] = reply
        for n, (args, options) in enumerate(commands):
            # MovedError is an AskError.
            if isinstance(replies[n], (AskError, TryAgainError)):
                try:
                    replies[n] = await self.execute_command(*args, **options)
                except ResponseError as error:
                    replies[n] = error
        return replies

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        """Commands that are sent together.

        Raises:
            ValueError: a transaction is wanted.
        """
        if transaction:
            raise ValueError("no transaction spans the nodes of a Cluster")
        return _Pipeline(self, shard_hint)

    async def scan_iter(
        self,
        match: Any = None,
        count: int | None = None,
        _type: str | None = None,
        **kwargs: Any,
    ) -> AsyncGenerator[Any]:
        """The keys of all nodes; while a slot moves, its keys may appear twice or be missing."""
        for node in await self.primaries():
            async for key in cast("Any", node).scan_iter(match, count, _type, **kwargs):
                yield key

    async def primaries(self) -> list[Redis]:
        """A client of each node that serves slots now; they belong to this client."""
        return [self._nodes.at(address) for address in await self._slots.primaries()]

    async def url_of_node(self, key: str) -> str:
        """The URL of the server that has the key's slot now."""
        # Whoever is asked for the key serves it, or says who does.
        await self.execute_command("EXISTS", key)
        return self._nodes.url(await self._slots.owner(_slot(("EXISTS", key))))

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Close the connections to all nodes."""
        await super().aclose(close_connection_pool)
        await self._nodes.aclose()


class _Pipeline(Pipeline):
    """Collects commands as any pipeline does, and gives them to the Cluster."""

    def __init__(self, cluster: Cluster, shard_hint: str | None) -> None:
        pool = cast("Any", cluster).connection_pool
        super().__init__(pool, cluster.response_callbacks, False, shard_hint)
        self._cluster = cluster

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """The replies, in the order of the commands."""
        commands, self.command_stack = self.command_stack, []
        replies = await self._cluster.execute_all(commands)
        if raise_on_error:
            self.raise_first_error(commands, replies)
        return replies


def _slot(args: Sequence[Any]) -> int:
    """The slot of a command's keys; its first argument with a hash tag is one."""
    for arg in args[1:]:
        key = arg.encode() if isinstance(arg, str) else arg
        if isinstance(key, bytes) and _TAGGED.match(key):
            return key_slot(key)
    raise ValueError(f"{args[0]} names no key with a hash tag, so no node")


def _redirected(error: AskError, told_by: Address) -> Address:
    """Where a node sends us; one that gives no host means its own."""
    host, port = cast("tuple[str, int]", error.node_addr)
    return host or told_by[0], port
