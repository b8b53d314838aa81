"""The store that tests run against: an embedded Valkey, a container, or the caller's own server.

Owns the choice, and which database a test process may empty. Every xdist process has one for
itself. What was asked for is never replaced by something else.
"""

import asyncio
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit, urlunsplit

from tailrace.deploy.local.store import EmbeddedStore, Fsync
from tests.support import keys
from tests.support.docker_store import container_store

URL_VARIABLE = "TAILRACE_TEST_REDIS_URL"
EMBEDDED: Final = "embedded"
CONTAINER: Final = "container"
DEFAULT_IMAGE: Final = "redis:8-alpine"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which store, and its image or its URL where it has one."""

    kind: Literal["embedded", "container", "server"]
    where: str = ""

    def __str__(self) -> str:
        """One line for pytest's header; names no password."""
        match self.kind:
            case "embedded":
                return "embedded Valkey, one for each test process"
            case "container":
                return f"{self.where} in a container, one for each test process"
            case "server":
                parts = urlsplit(self.where)
                address = parts.netloc.rpartition("@")[2]
                return f"{parts.scheme}://{address}{parts.path} ({URL_VARIABLE})"


def chosen(asked: str | None) -> Choice:
    """The store that `--redis` and the environment ask for.

    Args:
        asked: `embedded`, `container` or `container:IMAGE`; None where nothing is said.

    Raises:
        ValueError: no such choice, or both name a store.
    """
    url = os.environ.get(URL_VARIABLE)
    if asked is None:
        return Choice("server", url) if url else Choice("embedded")
    if url:
        raise ValueError(f"--redis={asked} and {URL_VARIABLE} both name a store")
    kind, colon, image = asked.partition(":")
    if asked == EMBEDDED:
        return Choice("embedded")
    if kind != CONTAINER or (colon and not image):
        raise ValueError(f"--redis is embedded, container or container:IMAGE, not {asked!r}")
    return Choice("container", image or DEFAULT_IMAGE)


@contextmanager
def own_store(choice: Choice, folder: Path) -> Generator[str]:
    """The URL of a database that belongs to this test process alone.

    Args:
        choice: which store.
        folder: where an embedded store keeps its data; a short path, since a socket lies in it.

    Raises:
        RuntimeError: the server's database holds something already; it may be somebody's.
        NoContainers: a container is asked for, and Docker does not answer.
    """
    match choice.kind:
        case "embedded":
            with embedded_store(folder) as embedded:
                yield embedded.url
        case "container":
            with container_store(choice.where) as container:
                yield container.url
        case "server":
            with _database_of_server(choice.where) as own_url:
                yield own_url


@contextmanager
def embedded_store(folder: Path, fsync: Fsync = "no") -> Generator[EmbeddedStore]:
    """A store of one's own, for tests that kill it; it is stopped at the end unless it is dead."""
    store = EmbeddedStore(folder, fsync)
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
