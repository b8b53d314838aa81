"""The health check of a container: `python -m tailrace.deploy.health api`, or worker, or model.

Defines what healthy means for each process. Exits with 0 or 1 and prints the reason on one line.
It is started every few seconds, so it imports nothing that takes time.
"""

import os
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

RESPONSE_S: Final = 3.0
"""A server that takes longer to respond to a request from its own machine is unhealthy."""
OLDEST_S: Final = 30.0
"""A worker hears from its queue every few seconds; this leaves the store time to restart."""
USAGE: Final = "usage: python -m tailrace.deploy.health api | worker | model PORT"


class Unhealthy(Exception):
    """The process is not working; the message says what is wrong."""


def main(words: Sequence[str]) -> int:
    """Check one process and return the exit status."""
    try:
        match words:
            case ["api"]:
                check_api()
            case ["worker"]:
                check_worker()
            case ["model", port] if port.isdecimal():
                check_model(int(port))
            case _:
                sys.stderr.write(USAGE + "\n")
                return os.EX_USAGE
    except Unhealthy as error:
        sys.stdout.write(f"unhealthy: {error}\n")
        return 1
    sys.stdout.write("healthy\n")
    return 0


def check_api() -> None:
    """The API responds to `/livez`; whether it can reach its store is up to `/readyz`."""
    _responds_ok(int(os.environ.get("TAILRACE_PORT") or 8000), "/livez")


def check_worker() -> None:
    """The worker has heard from the queue recently, as its file shows; running is not enough."""
    named = os.environ.get("TAILRACE_ALIVE_FILE")
    if not named:
        raise Unhealthy("TAILRACE_ALIVE_FILE is not set, so there is nothing to check")
    try:
        age_s = time.time() - Path(named).stat().st_mtime
    except FileNotFoundError as error:
        raise Unhealthy("the worker has never heard from the queue") from error
    if age_s > OLDEST_S:
        raise Unhealthy(f"the worker last heard from the queue {age_s:.0f} s ago")


def check_model(port: int) -> None:
    """The local model has loaded its weights."""
    _responds_ok(port, "/health")


def _responds_ok(port: int, path: str) -> None:
    try:
        status = _status(port, path)
    except OSError as error:
        raise Unhealthy(f"port {port} does not respond: {error}") from error
    if status != b"200":
        raise Unhealthy(f"{path} on port {port} returns {status.decode(errors='replace')!r}")


def _status(port: int, path: str) -> bytes:
    """The three digits of the response's status, or whatever came in their place."""
    with socket.create_connection(("127.0.0.1", port), RESPONSE_S) as connection:
        connection.settimeout(RESPONSE_S)
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        with connection.makefile("rb") as response:
            return b"".join(response.readline(100).split()[1:2])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
