"""Who serves which slot of a Cluster, as far as is known; asked again when a node fails."""

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from redis.exceptions import ClusterDownError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from tailrace.shared.errors import ConfigurationError
from tailrace.shared.redis.cluster.nodes import Address, Command, Nodes

_Ranges: TypeAlias = list[Any]
"""The reply of CLUSTER SLOTS: first, last, the primary, its replicas; of each [host, port, ...]."""

_CLUSTER_SLOTS: Final[Command] = (("CLUSTER SLOTS",), {})
_LOOKUP_S: Final = 1.0
"""How long one node may take to say who serves what, before another is asked."""


class Slots:
    """The table of one client, and its repair."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._owners: dict[int, Address] = {}
        self._members: tuple[Address, ...] = ()
        self._suspects: set[Address] = set()
        self._asking = asyncio.Lock()
        self._times_asked = 0

    async def owner(self, slot: int) -> Address:
        """The primary that serves the slot.

        Raises:
            ClusterDownError: nobody does.
            RedisError, OSError: no node could be asked.
        """
        if slot not in self._owners or self._owners[slot] in self._suspects:
            await self.learn()
        if slot not in self._owners:
            raise ClusterDownError(f"no node serves slot {slot}")
        return self._owners[slot]

    def move(self, slot: int, address: Address) -> None:
        """Note what a node has said of one slot."""
        self._owners[slot] = address

    async def primaries(self) -> list[Address]:
        """All nodes that serve slots, looked up again.

        Raises:
            ClusterDownError: none does.
            RedisError, OSError: no node could be asked.
        """
        await self.learn()
        if not self._owners:
            raise ClusterDownError("no node serves any slot")
        return sorted(set(self._owners.values()))

    @contextmanager
    def suspecting(self, address: Address) -> Generator[None]:
        """A node that fails here may have been replaced: its next caller looks first."""
        try:
            yield
        except (RedisConnectionError, RedisTimeoutError, ClusterDownError, OSError):
            self._suspects.add(address)
            raise

    async def learn(self) -> None:
        """Ask who serves what. Callers that come meanwhile share the result, or the failure.

        Raises:
            RedisError, OSError: no node could be asked.
        """
        before = self._times_asked
        async with self._asking:
            if self._times_asked == before:
                try:
                    self._take(*await self._first_reply())
                finally:
                    self._times_asked += 1
                await self._nodes.leave({*self._members, *self._nodes.seeds})

    async def _first_reply(self) -> tuple[Address, _Ranges]:
        failure: Exception = ClusterDownError("no node serves any slot")
        known = dict.fromkeys((*self._members, *self._nodes.seeds))
        for address in sorted(known, key=lambda address: address in self._suspects):
            try:
                async with asyncio.timeout(_LOOKUP_S):
                    ranges = await self._nodes.call(address, _CLUSTER_SLOTS)
            except (RedisError, OSError) as error:
                if "cluster support disabled" in str(error):
                    raise ConfigurationError(_no_cluster(address)) from error
                failure = error
            else:
                if ranges:
                    return address, ranges
        raise failure

    def _take(self, asked: Address, ranges: _Ranges) -> None:
        named = [[_address(node, asked) for node in served[2:]] for served in ranges]
        self._members = tuple(address for nodes in named for address in nodes)
        self._owners = {
            slot: nodes[0]
            for (first, last, *_), nodes in zip(ranges, named, strict=True)
            for slot in range(first, last + 1)
        }
        self._suspects.clear()


def _address(node: Sequence[Any], asked: Address) -> Address:
    """A node's address; one that does not know its own host is where it was asked."""
    host = node[0].decode() if node[0] else ""
    return (asked[0] if host in ("", "?") else host), int(node[1])


def _no_cluster(address: Address) -> str:
    return (
        f"the Redis at {address[0]}:{address[1]} is not a node of a Cluster: leave out `+cluster`"
    )
