"""The data folder and the lock on it: one running store a folder. What lies inside is the store's.

The lock is an flock on an open file. The store inherits that open file, so the folder stays locked
for as long as a store still writes to it, also when whoever started it was killed a moment ago.
"""

import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from tailrace.deploy.local.errors import LocalError

_LOCK_NAME: Final = "lock"
_DYING_S: Final = 2.0
"""The store of a killed run is killed with it, and may take a moment to go."""


@dataclass(frozen=True, slots=True)
class DataDir:
    """A folder that this process holds; `lock_fd` is for the store to inherit, and for it alone."""

    path: Path
    lock_fd: int

    @classmethod
    def claim(cls, path: Path) -> Self:
        """Make the folder if needed, readable by its owner alone, and lock it.

        Raises:
            LocalError: another run holds it, or it can't be made or written.
        """
        folder = path.absolute()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock_fd = os.open(folder / _LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LocalError(f"cannot use the data folder {folder}: {error.strerror}") from error
        deadline = time.monotonic() + _DYING_S
        while not _locked(lock_fd):
            if time.monotonic() > deadline:
                os.close(lock_fd)
                raise LocalError(
                    f"the data folder {folder} is in use by another run; choose another with --data"
                )
            time.sleep(0.02)  # noqa: TID251 - before any loop runs
        return cls(folder, lock_fd)

    def release(self) -> None:
        """Let go of the lock, once; a store that inherited it still holds it."""
        os.close(self.lock_fd)


def _locked(lock_fd: int) -> bool:
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
