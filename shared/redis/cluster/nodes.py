"""The servers of a Cluster: where they are, and a client of each.

Which of them a command goes to is `client`'s.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.cluster import ClusterParser

from tailrace.shared.errors import ConfigurationError
from tailrace.shared.redis.sending import with_own_sending

Address: TypeAlias = tuple[str, int]
Command: TypeAlias = tuple[Sequence[Any], Mapping[str, Any]]

_PORT: Final = 6379
_FORM: Final = "redis+cluster://[user:password@]host:port,host:port"
_ASKING: Final[Command] = (("ASKING",), {})


class Nodes:
    """A client of each node that was ever called, by address.

    Args:
        url: `redis+cluster://[user:password@]host:port,host:port`, with `rediss` for TLS: some of
            the nodes. User and password are those of every node.
        options: of the connections to each.

    Raises:
        ConfigurationError: the URL has another form.
    """

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        scheme, _, rest = url.partition("+cluster://")
        place, _, self._query = rest.partition("?")
        place, _, path = place.partition("/")
        self._user, self._at, hosts = place.rpartition("@")
        self._scheme = scheme
        if path not in ("", "0"):
            raise ConfigurationError(f"a URL with a Cluster has to look like {_FORM}")
        self.seeds = [_seed(host) for host in hosts.split(",")]
        self._options = {**options, "parser_class": ClusterParser}
        self._clients: dict[Address, Redis] = {}
        self.callbacks: Any = {}
        """How replies are read, by command; the same for all nodes."""

    def at(self, address: Address) -> Redis:
        """The client of the node at an address."""
        if address not in self._clients:
            self._clients[address] = client = Redis.from_pool(self.pool(address))
            client.response_callbacks = self.callbacks
        return self._clients[address]

    def pool(self, address: Address) -> BlockingConnectionPool:
        """Connections to the node at an address; none yet."""
        return with_own_sending(BlockingConnectionPool.from_url(self.url(address), **self._options))

    def url(self, address: Address) -> str:
        """The address as the URL of one server."""
        name, port = address
        host = f"[{name}]" if ":" in name else name
        query = f"?{self._query}" if self._query else ""
        return f"{self._scheme}://{self._user}{self._at}{host}:{port}/0{query}"

    async def call(self, address: Address, command: Command) -> Any:
        """Run one command at a node."""
        args, options = command
        return await cast("Any", self.at(address)).execute_command(*args, **options)

    async def call_asking(self, address: Address, command: Command) -> Any:
        """Run one command at a node that is just taking in the command's slot."""
        # It serves those who ask on the same connection.
        _, reply = await self.call_all(address, [_ASKING, command])
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def call_all(self, address: Address, commands: Sequence[Command]) -> list[Any]:
        """Run commands at a node in one round; what it refuses is among the replies."""
        async with self.at(address).pipeline(transaction=False) as pipe:
            for args, options in commands:
                cast("Any", pipe).execute_command(*args, **options)
            return await pipe.execute(raise_on_error=False)

    async def leave(self, members: Collection[Address]) -> None:
        """Close the idle connections to all nodes but these."""
        for address in self._clients.keys() - set(members):
            await cast("Any", self._clients[address]).connection_pool.disconnect(False)

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.aclose()


def _seed(host: str) -> Address:
    """A node's address as it is given; IPv6 in brackets."""
    try:
        one = urlsplit(f"//{host}")
        name, port = one.hostname, one.port
    except ValueError as error:
        raise ConfigurationError(f"a URL with a Cluster has to look like {_FORM}") from error
    if not name:
        raise ConfigurationError(f"a URL with a Cluster has to look like {_FORM}")
    return name, port or _PORT
