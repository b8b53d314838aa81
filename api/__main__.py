"""`python -m api`: one API process, from `TAILRACE_*` settings."""

import logging
import sys
from contextlib import suppress

import uvicorn

from api.app import create_app
from api.settings import ApiSettings
from shared.errors import EX_CONFIG, ConfigurationError
from shared.settings import load_settings
from shared.telemetry import configure_logging


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
            http="httptools",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
    )
    with suppress(KeyboardInterrupt):  # uvicorn raises it again once it has stopped
        server.run()
    return 0 if server.started else 1


def _is_not_a_cut(record: logging.LogRecord) -> bool:
    # A stream that ends dirty on purpose is no error: api.relay.response leaves it unfinished.
    return record.msg != "ASGI callable returned without completing response."


if __name__ == "__main__":
    sys.exit(main())
