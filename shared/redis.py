"""The edge to Redis: connections, scripts, and its failures as ours. All untyped talk is here."""

import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, TypeAlias, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import (
    TimeoutError as RedisTimeoutError,
)

from shared.errors import (
    CancelRequested,
    Fenced,
    JobNotFound,
    LogClosed,
    NotWaiting,
    SequenceHole,
    SequenceTaken,
    StoreUnavailable,
    WriteRefused,
)
from shared.sentinel import connect_to_primary, is_sentinel

Client: TypeAlias = Redis
ScriptName = Literal[
    "create",
    "open",
    "append",
    "suspend",
    "answer",
    "cancel",
    "close",
    "close_over",
    "checkpoint/drop",
    "checkpoint/list",
    "checkpoint/prune",
    "checkpoint/put",
    "checkpoint/read",
    "checkpoint/write",
    "queue/beat",
    "queue/claim",
    "queue/enqueue",
    "queue/finish",
    "queue/interrupt",
    "queue/lead",
    "queue/raise",
    "queue/release",
    "queue/remove",
    "queue/renew",
]
Argument = bytes | str | int

TIMEOUT_S: Final = 5.0
"""A reply later than this is no reply: a frozen or partitioned server must not hang a caller."""

_CONNECT_TIMEOUT_S: Final = 2.0
_AWAY: Final = (
    RedisConnectionError,
    RedisTimeoutError,
    ReadOnlyError,
    OutOfMemoryError,
    NoScriptError,  # it restarted between our loading a script and running it
    OSError,
)
_AWAY_REPLY: Final = re.compile(
    # A pipeline puts words of its own before the reply.
    r"(?:^|caused error: \([\"'])"
    r"(BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|NOREPLICAS|OOM|READONLY|TRYAGAIN|UNBLOCKED)\b"
)
_ENDING: Final = (
    "cancel",
    "close",
    "close_over",
    "suspend",
    "queue/finish",
    "queue/interrupt",
    "queue/lead",
    "queue/raise",
    "queue/release",
    "queue/remove",
    "queue/renew",
)
_ALWAYS_STORABLE: Final = b"#!lua flags=allow-oom\n"
"""What keeps or ends an attempt is small, and is stored even where the memory limit is reached."""

_REFUSALS: Final[Mapping[bytes, type[WriteRefused]]] = {
    b"closed": LogClosed,
    b"fenced": Fenced,
    b"cancelling": CancelRequested,
    b"taken": SequenceTaken,
    b"hole": SequenceHole,
}


def connect(url: str, *, max_connections: int = 50, block_s: float = 0, retries: int = 2) -> Client:
    """A client whose calls end: with a reply, or with an error `block_s` + 5 s later.

    Calls wait for one of `max_connections`; calls on a broken one are repeated. Every
    call that we make may be: a retry over a half-open link stores nothing twice.

    Args:
        url: `redis://`, `rediss://`, `unix://`, or Sentinels as `shared.sentinel` reads them.
        max_connections: connections at most; a caller beyond them waits for one (behind Sentinels
            there is no such bound).
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
    pool = BlockingConnectionPool.from_url(
        url, max_connections=max_connections, timeout=TIMEOUT_S, **options
    )
    return Redis.from_pool(pool)


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
        reply = cast("list[bytes]", await _script(name)(keys, args, cast("Any", client)))
    if reply[0] == b"ok":
        return reply[1:]
    if (refusal := _REFUSALS.get(reply[0])) is not None:
        raise refusal(int(reply[1]))
    raise NotWaiting if reply[0] == b"conflict" else JobNotFound


@cache
def _script(name: ScriptName) -> AsyncScript:
    file = files("shared").joinpath("lua", f"{name}.lua")
    prelude = files("shared").joinpath("lua", *name.split("/")[:-1], "prelude.lua")
    flags = _ALWAYS_STORABLE if name in _ENDING else b""
    return AsyncScript(cast("Any", None), flags + prelude.read_bytes() + file.read_bytes())


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
