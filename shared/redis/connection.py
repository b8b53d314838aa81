"""The edge to Redis: connections, scripts, and its failures as ours. All untyped talk is here."""

import hashlib
import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, TypeAlias, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import (
    AskError,
    ClusterError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    TimeoutError as RedisTimeoutError,
)

from tailrace.shared.errors import (
    CancelRequested,
    Fenced,
    JobNotFound,
    LogClosed,
    NotWaiting,
    SequenceHole,
    SequenceTaken,
    StoreUnavailable,
    ValuesLacking,
    WriteRefused,
)
from tailrace.shared.redis.cluster.client import Cluster, is_cluster
from tailrace.shared.redis.sentinel import connect_to_primary, is_sentinel

Client: TypeAlias = Redis
ScriptName = Literal[
    "log_store/jobs/create",
    "log_store/jobs/open",
    "log_store/events/append",
    "log_store/blobs/blob",
    "log_store/jobs/suspend",
    "log_store/jobs/answer",
    "log_store/jobs/cancel",
    "log_store/events/close",
    "log_store/jobs/close_over",
    "log_store/journal/journal",
    "log_store/journal/piece",
    "log_store/checkpoints/drop",
    "log_store/checkpoints/list",
    "log_store/checkpoints/prune",
    "log_store/checkpoints/put",
    "log_store/checkpoints/read",
    "log_store/checkpoints/write",
    "log_store/events/wake",
    "log_store/items/change",
    "log_store/items/get",
    "log_store/items/namespaces",
    "log_store/items/page",
    "log_store/items/reap",
    "log_store/items/renew",
    "queue_store/beat",
    "queue_store/queue/claim",
    "queue_store/queue/enqueue",
    "queue_store/queue/finish",
    "queue_store/queue/interrupt",
    "queue_store/queue/lead",
    "queue_store/queue/release",
    "queue_store/queue/remove",
    "queue_store/queue/renew",
    "queue_store/reserve",
]
Argument = bytes | str | int
Call = tuple[Sequence[str], Sequence[Argument]]
"""A script's keys and arguments."""

TIMEOUT_S: Final = 5.0
"""A reply later than this is no reply: a frozen or partitioned server must not hang a caller."""

_CONNECT_TIMEOUT_S: Final = 2.0
_AWAY: Final = (
    RedisConnectionError,
    RedisTimeoutError,
    ReadOnlyError,
    OutOfMemoryError,
    AskError,
    ClusterError,
    TryAgainError,
    OSError,
)
_AWAY_REPLY: Final = re.compile(
    # A pipeline puts words of its own before the reply.
    r"(?:^|caused error: \([\"'])"
    r"(ASK|BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|MOVED|NOREPLICAS|OOM|READONLY|TRYAGAIN"
    r"|UNBLOCKED)\b"
)
_ENDING: Final = (
    "log_store/jobs/cancel",
    "log_store/events/close",
    "log_store/events/wake",
    "log_store/jobs/close_over",
    "log_store/jobs/suspend",
    "queue_store/queue/finish",
    "queue_store/queue/interrupt",
    "queue_store/queue/lead",
    "queue_store/queue/release",
    "queue_store/queue/remove",
    "queue_store/queue/renew",
)
_PRELUDES: Final[Mapping[str, Sequence[str]]] = {
    "log_store/checkpoints": ("log_store/checkpoints",),
    "log_store/items": ("log_store/items",),
    "log_store/journal": ("log_store", "log_store/checkpoints"),
}
"""Folders whose preludes are put before the scripts of a folder, where it is not its store's."""

_ALWAYS_STORABLE: Final = b"#!lua flags=allow-oom\n"
"""What keeps or ends an attempt is small, and is stored even where the memory limit is reached."""

_REFUSALS: Final[Mapping[bytes, type[WriteRefused]]] = {
    b"closed": LogClosed,
    b"fenced": Fenced,
    b"cancelling": CancelRequested,
    b"taken": SequenceTaken,
    b"hole": SequenceHole,
    b"lacking": ValuesLacking,
}


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
    return Redis.from_pool(BlockingConnectionPool.from_url(url, **options))


async def connect_to_node_of(client: Client, url: str, key: str, *, block_s: float) -> Client:
    """A client of the one server that serves the key at this moment, with a single connection.

    On a Cluster the key may be served elsewhere later: the server then refuses, or goes, and the
    caller asks for a client anew.

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


@contextmanager
def store_errors() -> Generator[None]:
    """Turn Redis' own failures into `StoreUnavailable`; a bug of ours stays what it is."""
    try:
        yield
    except _AWAY as error:
        raise StoreUnavailable(type(error).__name__) from error
    except ResponseError as error:
        if reply := _AWAY_REPLY.search(str(error)):
            raise StoreUnavailable(reply[1]) from error
        raise
    except RedisError as error:
        raise StoreUnavailable(type(error).__name__) from error


async def run(
    client: Client, name: ScriptName, keys: Sequence[str], args: Sequence[Argument]
) -> list[bytes]:
    """Run one of our scripts; the reply without its leading 'ok'.

    Raises:
        StoreUnavailable: the script may or may not have run; calling again is safe.
        JobNotFound: there is no such record.
        NotWaiting: the record waits for no such answer.
        WriteRefused: one of its kinds, as the script's head says.
    """
    with store_errors():
        reply = await _evaluate(client, _script(name), [*keys, *args], len(keys))
    return _taken(reply)


async def run_all(client: Client, name: ScriptName, calls: Sequence[Call]) -> list[list[bytes]]:
    """Run one of our scripts several times in one round to each server; the replies as of `run`.

    Each call is atomic, all together are not.

    Raises:
        StoreUnavailable: any of them may or may not have run; calling again is safe.
    """
    script = _script(name)
    with store_errors():
        async with client.pipeline(transaction=False) as pipe:
            for keys, args in calls:
                cast("Any", pipe).evalsha(script.sha, len(keys), *keys, *args)
            replies: list[Any] = await pipe.execute(raise_on_error=False)
        for n, reply in enumerate(replies):
            if isinstance(reply, NoScriptError):
                keys, args = calls[n]
                replies[n] = await _evaluate(client, script, [*keys, *args], len(keys))
            elif isinstance(reply, Exception):
                raise reply
    return [_taken(reply) for reply in replies]


def _taken(reply: list[bytes]) -> list[bytes]:
    if reply[0] == b"ok":
        return reply[1:]
    if (refusal := _REFUSALS.get(reply[0])) is not None:
        raise refusal(int(reply[1]))
    raise NotWaiting if reply[0] == b"conflict" else JobNotFound


async def _evaluate(
    client: Client, script: "_Script", operands: Sequence[Argument], keys: int
) -> list[bytes]:
    redis = cast("Any", client)
    try:
        return await redis.evalsha(script.sha, keys, *operands)
    except NoScriptError:
        # Sent whole to whoever serves the keys: loaded by another call, it may reach another node.
        return await redis.eval(script.text, keys, *operands)


@dataclass(frozen=True, slots=True)
class _Script:
    text: bytes
    sha: str


@cache
def _script(name: ScriptName) -> _Script:
    folder = files("tailrace.shared")
    preludes = _PRELUDES.get(name.rpartition("/")[0], (name.partition("/")[0],))
    before = b"".join(folder.joinpath(at, "prelude.lua").read_bytes() for at in preludes)
    flags = _ALWAYS_STORABLE if name in _ENDING else b""
    text = flags + before + folder.joinpath(f"{name}.lua").read_bytes()
    return _Script(text, hashlib.sha1(text, usedforsecurity=False).hexdigest())


async def ping(client: Client) -> None:
    """Raise unless the store answers.

    Raises:
        StoreUnavailable: it did not.
    """
    with store_errors():
        await cast("Any", client).ping()


def fields(flat: Sequence[bytes]) -> dict[str, bytes]:
    """A flat field, value, ... reply as a mapping."""
    return {k.decode(): v for k, v in zip(flat[::2], flat[1::2], strict=True)}
