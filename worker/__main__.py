"""`python -m tailrace.worker`: one worker process, from `TAILRACE_*` and `OPENAI_*` settings."""

import asyncio
import logging
import os
import sys

from tailrace.shared.errors import EX_CONFIG, ConfigurationError, StoreUnavailable
from tailrace.shared.process.logging import configure_logging
from tailrace.shared.settings import load_settings
from tailrace.worker.app import serve
from tailrace.worker.runtime.event_loop import WorkerLoop
from tailrace.worker.settings import WorkerSettings


def main() -> int:
    """Work until a signal ends it; the exit status."""
    try:
        settings = load_settings(WorkerSettings)
        configure_logging(settings.log_level)
        with asyncio.Runner(loop_factory=WorkerLoop) as runner:
            runner.run(_serve_and_leave(settings))
    except ConfigurationError as error:
        sys.stderr.write(f"tailrace worker: {error}\n")
        return EX_CONFIG
    except StoreUnavailable as error:
        sys.stderr.write(f"tailrace worker: the store is not available: {error}\n")
        return 1
    return 0


async def _serve_and_leave(settings: WorkerSettings) -> None:
    await serve(settings)
    # Threads of stopped nodes may run on for long; Python would wait for them.
    logging.shutdown()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
