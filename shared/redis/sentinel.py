"""A store behind Sentinels: each new connection asks which server is the primary."""

from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool

from tailrace.shared.errors import ConfigurationError
from tailrace.shared.redis.sending import with_own_sending

_PORT: Final = 26379
_SENTINEL_TIMEOUT_S: Final = 1.0
_FORM: Final = "redis+sentinel://[user:password@]host:port,host:port/service[/db]"


def is_sentinel(url: str) -> bool:
    """Whether the URL names Sentinels and a service, and not a server."""
    return url.startswith(("redis+sentinel://", "rediss+sentinel://"))


def connect_to_primary(url: str, **options: Any) -> Redis:
    """A client of the service's primary; a demoted one is left at its first refusal.

    Args:
        url: `redis+sentinel://[user:password@]host:port,host:port/service[/db]`, with `rediss` for
            TLS. User and password are the store's.
        options: of its connections.

    Raises:
        ConfigurationError: the URL has another form.
    """
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    service, _, db = parts.path.strip("/").partition("/")
    if not (hosts and service and (db or "0").isdecimal()):
        raise ConfigurationError(f"a URL with Sentinels has to look like {_FORM}")
    user, _, password = credentials.partition(":")
    sentinel = Sentinel(
        [_address(host) for host in hosts.split(",")],
        sentinel_kwargs={"socket_timeout": _SENTINEL_TIMEOUT_S},
        **options,
    )
    for client in sentinel.sentinels:
        with_own_sending(cast("Any", client.connection_pool))
    primary = sentinel.master_for(
        service,
        connection_pool_class=_Pool,
        db=int(db or 0),
        username=unquote(user) or None,
        password=unquote(password) or None,
        ssl=parts.scheme.startswith("rediss"),
    )
    with_own_sending(cast("Any", primary.connection_pool))
    return primary


class _Pool(SentinelConnectionPool):
    """Closes the connections to the Sentinels too, when it is closed itself."""

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """Close what is idle, or everything."""
        await super().disconnect(inuse_connections)
        if inuse_connections:
            for client in cast("list[Redis]", self.sentinel_manager.sentinels):
                await client.aclose()


def _address(host: str) -> tuple[str, int]:
    name, colon, port = host.rpartition(":")
    if not colon:
        return host, _PORT
    if not port.isdecimal():
        raise ConfigurationError(f"a URL with Sentinels has to look like {_FORM}")
    return name, int(port)
