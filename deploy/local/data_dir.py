"""The data folder and the lock on it: one running store a folder. What lies inside is the store's.

The lock is an flock on an open file. The store inherits that open file, so the folder stays locked
for as long as a store still writes to it, also when whoever started it was killed a moment ago.
"""

import errno
import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tailrace.deploy.local.errors import FolderInUseError, LocalError

LOCK_NAME = "lock"
DYING_S = 5.0
"""How long to wait for the store of a holder that is dead already: it is killed with its holder."""


@dataclass(frozen=True, slots=True)
class DataDir:
    """A folder that this process holds; `lock_fd` is for the store to inherit, and for it alone."""

    path: Path
    lock_fd: int

    @classmethod
    def claim(cls, path: Path) -> Self:
        """Make the folder if needed, readable by its owner alone, and lock it.

        Raises:
            FolderInUseError: a living process holds it, or its store does not go within 5 s.
            LocalError: the folder cannot be made or written.
        """
        folder = path.absolute()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock_fd = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LocalError(f"cannot use the data folder {folder}: {error.strerror}") from error
        try:
            _lock(folder, lock_fd)
        except BaseException:
            os.close(lock_fd)
            raise
        return cls(folder, lock_fd)

    def release(self) -> None:
        """Let go of the lock, once; a store that inherited it still holds it."""
        os.close(self.lock_fd)


def _lock(folder: Path, lock_fd: int) -> None:
    """Take the lock and write our process id into it, for whoever finds it taken."""
    deadline = time.monotonic() + DYING_S
    while not _try_lock(lock_fd):
        holder = _holder(lock_fd)
        if _alive(holder) or time.monotonic() > deadline:
            raise FolderInUseError(folder, holder)
        time.sleep(0.02)  # noqa: TID251 - before any loop runs
    os.ftruncate(lock_fd, 0)
    os.pwrite(lock_fd, str(os.getpid()).encode(), 0)


def _try_lock(lock_fd: int) -> bool:
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        return False
    return True


def _holder(lock_fd: int) -> int | None:
    text = os.pread(lock_fd, 32, 0)
    return int(text) if text.isdigit() else None


def _alive(pid: int | None) -> bool:
    """Whether the process runs; an unknown holder counts as dead, since it may just be starting."""
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
