"""Redis' failures as ours: which mean that the store is unavailable, and which are bugs."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from redis.exceptions import (
    AskError,
    ClusterError,
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

from tailrace.shared.errors import StoreUnavailable

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
