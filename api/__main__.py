"""`python -m tailrace.api`: one API process, from `TAILRACE_*` settings."""

import gc
import logging
import sys
from contextlib import suppress
from math import ceil
from typing import Final

import uvicorn

from tailrace.api.app import create_app
from tailrace.api.http.connection import ConnectionProtocol
from tailrace.api.settings import ApiSettings
from tailrace.shared.errors import EX_CONFIG, ConfigurationError
from tailrace.shared.process.garbage import freeze_startup_objects
from tailrace.shared.process.logging import configure_logging
from tailrace.shared.settings import load_settings

_FINISH_S: Final = 5
"""How long requests may take at shutdown, after streams have been drained."""

_NEW_OBJECTS: Final = 20_000
"""How many more objects may be made than freed before the garbage collector runs."""


def main() -> int:
    """Serve until a signal ends it; the exit status."""
    try:
        settings = load_settings(ApiSettings)
    except ConfigurationError as error:
        sys.stderr.write(f"tailrace api: {error}\n")
        return EX_CONFIG
    configure_logging(settings.log_level)
    logging.getLogger("uvicorn.error").addFilter(_is_not_a_cut)
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            host=settings.host,
            port=settings.port,
            http=ConnectionProtocol,
            log_config=None,
            access_log=False,
            server_header=False,
            # Nothing here depends on the client's address or scheme.
            proxy_headers=False,
            # All clients of a deployment may reconnect at once; the system has a limit of its own.
            backlog=4096,
            timeout_graceful_shutdown=ceil(settings.drain_s) + _FINISH_S,
        )
    )
    _collect_less()
    with suppress(KeyboardInterrupt):  # uvicorn raises it again once it has stopped
        server.run()
    return 0 if server.started else 1


def _collect_less() -> None:
    """Collect garbage less often: there are many connections, which live long and make no cycles.

    By default a third of the time spent on accepting listeners goes there, as
    `bench.relay --profile W4` shows.
    """
    freeze_startup_objects()
    gc.set_threshold(_NEW_OBJECTS, 10, 10)


def _is_not_a_cut(record: logging.LogRecord) -> bool:
    # Not an error: api.relay.response leaves a stream unfinished on purpose.
    return record.msg != "ASGI callable returned without completing response."


if __name__ == "__main__":
    sys.exit(main())
