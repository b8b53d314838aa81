"""The store that tests run against: the caller's own server, or an embedded Valkey.

Owns which database a test process may empty. Every xdist process has one for itself.
"""

import asyncio
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from deploy.local.store import EmbeddedStore
from tests.support import keys

URL_VARIABLE = "TAILRACE_TEST_REDIS_URL"


def description() -> str:
    """One line for pytest's header; names no password."""
    url = os.environ.get(URL_VARIABLE)
    if not url:
        return "embedded Valkey, one for each test process"
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{address}{parts.path} ({URL_VARIABLE})"


@contextmanager
def own_store(folder: Path) -> Generator[str]:
    """The URL of a database that belongs to this test process alone.

    Args:
        folder: where an embedded store keeps its data; a short path, since a socket lies in it.

    Raises:
        RuntimeError: the server's database holds something already; it may be somebody's.
    """
    if url := os.environ.get(URL_VARIABLE):
        with _database_of_server(url) as own_url:
            yield own_url
    else:
        with embedded_store(folder) as store:
            yield store.url


@contextmanager
def embedded_store(folder: Path) -> Generator[EmbeddedStore]:
    """A store of one's own, for tests that kill it; it is stopped at the end unless it is dead."""
    store = EmbeddedStore(folder, fsync="no")
    store.start()
    try:
        yield store
    finally:
        store.stop()


@contextmanager
def _database_of_server(url: str) -> Generator[str]:
    own_url = _numbered(url, _process_number())
    if not asyncio.run(keys.is_empty(own_url)):
        raise RuntimeError(
            f"{URL_VARIABLE} + {_process_number()} is a database that holds keys. Tests empty"
            " theirs, so they take only one that is empty: name another, or empty it yourself."
        )
    try:
        yield own_url
    finally:
        asyncio.run(keys.empty(own_url))


def _numbered(url: str, offset: int) -> str:
    """The URL of the database `offset` places above the one that the URL names."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return urlunsplit(parts._replace(query=f"db={offset}"))
    return urlunsplit(parts._replace(path=f"/{int(parts.path.strip('/') or 0) + offset}"))


def _process_number() -> int:
    """This process among xdist's (`gw0`, `gw1`, ...); 0 without xdist."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
