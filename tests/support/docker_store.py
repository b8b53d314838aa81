"""A store in a container, by the public name of its image: started, restarted, killed, paused.

Owns the server's command line there. Ports are bound by number, since Docker gives a restarted
container another one.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final, Literal

from testcontainers.community.redis import RedisContainer

from tailrace.deploy.local.ports import LOOPBACK, take_port
from tests.support.docker import missing

Fsync = Literal["always", "everysec", "no"]

PORT: Final = 6379


class NoContainers(Exception):
    """A container is asked for, and none can be run; the message says what is missing."""


class ContainerStore:
    """One store of one's own in a container, with an append-only file."""

    def __init__(self, image: str, fsync: Fsync) -> None:
        options = {
            "appendonly": "yes",
            "appendfsync": fsync,
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        flags = [part for name, value in options.items() for part in (f"--{name}", value)]
        container = RedisContainer(image, port=PORT)
        container.with_command(flags)
        self._port = take_port(LOOPBACK, 0)
        # The wrapper's own call binds to every address of this machine.
        ports: dict[str, Any] = container.ports
        ports[str(PORT)] = (LOOPBACK, self._port)
        self._container = container

    @property
    def url(self) -> str:
        """The store's URL, the same over every restart."""
        return f"redis://{LOOPBACK}:{self._port}/0"

    def start(self) -> None:
        """Fetch the image where it is not there, run the container, return once it answers."""
        self._container.start()

    def remove(self) -> None:
        """End it and delete its data."""
        self._container.stop()

    def restart(self) -> None:
        """End the server as an operator would and start it again, with its data."""
        self._handle.restart(timeout=10)

    def kill(self) -> None:
        """End the server as a crash would (SIGKILL)."""
        self._handle.kill()

    def start_again(self) -> None:
        """Start what was killed; it reads its data back by itself."""
        self._handle.start()

    @contextmanager
    def paused(self) -> Generator[None]:
        """The server answers nobody inside the block, and knows nothing of that afterwards."""
        self._handle.pause()
        try:
            yield
        finally:
            self._handle.unpause()

    @property
    def _handle(self) -> Any:
        return self._container.get_wrapped_container()


@contextmanager
def container_store(image: str, fsync: Fsync = "no") -> Generator[ContainerStore]:
    """A store in a container of its own while the block runs.

    Raises:
        NoContainers: Docker does not answer.
    """
    if lack := missing():
        raise NoContainers(lack)
    store = ContainerStore(image, fsync)
    store.start()
    try:
        yield store
    finally:
        store.remove()
