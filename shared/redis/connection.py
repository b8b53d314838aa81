"""Connections to Redis: one server, a primary behind Sentinels, or a Cluster."""

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from tailrace.shared.redis.cluster.client import Cluster, is_cluster
from tailrace.shared.redis.failures import store_errors
from tailrace.shared.redis.sending import with_own_sending
from tailrace.shared.redis.sentinel import connect_to_primary, is_sentinel

__all__ = ["TIMEOUT_S", "Client", "connect", "connect_to_node_of", "is_cluster", "slots_of"]

Client: TypeAlias = Redis

TIMEOUT_S: Final = 5.0
"""A later reply counts as none: a frozen or partitioned server must not hang a caller."""

_CONNECT_TIMEOUT_S: Final = 2.0


def connect(url: str, *, max_connections: int = 50, block_s: float = 0, retries: int = 2) -> Client:
    """A client whose calls end: with a reply, or with an error `block_s` + 5 s later.

    Calls wait for one of `max_connections`; calls on a broken one are repeated. Every
    call that we make may be: a retry over a half-open link stores nothing twice.

    Args:
        url: `redis://`, `rediss://`, `unix://`, Sentinels as `sentinel` reads them,
            or nodes of a Cluster as `cluster` does.
        max_connections: connections at most, on a Cluster to each node; a caller beyond them waits
            for one (behind Sentinels there is no such bound).
        block_s: how long a blocking call on this client may wait in the server.
        retries: how often a call on a broken connection is repeated.
    """
    options: dict[str, Any] = {
        "socket_timeout": block_s + TIMEOUT_S,
        "socket_connect_timeout": _CONNECT_TIMEOUT_S,
        "health_check_interval": 15,
        # A timeout is not retried: the caller has waited long enough, and knows what to do.
        "retry": Retry(ExponentialBackoff(cap=0.5, base=0.05), retries, (RedisConnectionError,)),
        "retry_on_error": [RedisConnectionError] if retries else [],
        **_keepalive(url),
    }
    if is_sentinel(url):
        return connect_to_primary(url, **options)
    options |= {"max_connections": max_connections, "timeout": TIMEOUT_S}
    if is_cluster(url):
        return Cluster(url, **options)
    return Redis.from_pool(with_own_sending(BlockingConnectionPool.from_url(url, **options)))


def slots_of(client: Client, shards: Iterable[str]) -> list[list[str]]:
    """Which shards one call may touch together: all on one server, each alone on a Cluster."""
    found = list(shards)
    return [[shard] for shard in found] if isinstance(client, Cluster) else [found] if found else []


async def connect_to_node_of(client: Client, url: str, key: str, *, block_s: float) -> Client:
    """A client of the one server that serves the key at this moment, with a single connection.

    On a Cluster the key may be served elsewhere later: the server then refuses, or goes, and the
    caller asks for a client again.

    Args:
        client: any client of the same store.
        url: the store's.
        key: the key.
        block_s: how long a blocking call may wait in the server.

    Raises:
        StoreUnavailable: nobody serves the key now.
    """
    if isinstance(client, Cluster):
        with store_errors():
            url = await client.url_of_node(key)
    return connect(url, max_connections=1, block_s=block_s, retries=0)


def _keepalive(url: str) -> dict[str, Any]:
    return {} if url.startswith("unix") else {"socket_keepalive": True}
