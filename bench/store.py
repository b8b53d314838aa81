"""The store of a run: an embedded Valkey that is gone, with all that it holds, when the run is."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tailrace.deploy.local.store import EmbeddedStore, Fsync


@contextmanager
def embedded(fsync: Fsync) -> Generator[EmbeddedStore]:
    """A store that runs.

    Args:
        fsync: when it writes to the disk; `always` is how the service ships.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        store = EmbeddedStore(Path(folder), fsync)
        store.start()
        try:
            yield store
        finally:
            store.stop()
