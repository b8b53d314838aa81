"""Does the process in this container work? `python -m tailrace.deploy.health api`, or another word.

Owns what health means for each of them. Exits with 0 or 1 and says in one line why. It is started
every few seconds, so it imports nothing that takes time.
"""

import os
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ANSWER_S: Final = 3.0
"""A server that takes longer to answer one request of this machine is not healthy."""
OLDEST_S: Final = 30.0
"""A worker hears from its queue every few seconds; a store that restarts is no fault of its own."""
USAGE: Final = "usage: python -m tailrace.deploy.health api | worker | model PORT"


class Unhealthy(Exception):
    """The process does not do its work; the message says how that shows."""


def main(words: Sequence[str]) -> int:
    """Check one process; the exit status."""
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
    """The API answers `/livez`; whether it finds its store is `/readyz`'s business."""
    _answers_ok(int(os.environ.get("TAILRACE_PORT") or 8000), "/livez")


def check_worker() -> None:
    """The queue has answered the worker not long ago: its file tells, not that it runs."""
    named = os.environ.get("TAILRACE_ALIVE_FILE")
    if not named:
        raise Unhealthy("TAILRACE_ALIVE_FILE is not set, so nothing tells")
    try:
        age_s = time.time() - Path(named).stat().st_mtime
    except FileNotFoundError as error:
        raise Unhealthy("the queue has never answered the worker") from error
    if age_s > OLDEST_S:
        raise Unhealthy(f"the queue last answered the worker {age_s:.0f} s ago")


def check_model(port: int) -> None:
    """The local model has loaded its weights."""
    _answers_ok(port, "/health")


def _answers_ok(port: int, path: str) -> None:
    try:
        status = _status(port, path)
    except OSError as error:
        raise Unhealthy(f"port {port} does not answer: {error}") from error
    if status != b"200":
        raise Unhealthy(f"{path} on port {port} answers {status.decode(errors='replace')!r}")


def _status(port: int, path: str) -> bytes:
    """The three digits of the answer, or whatever came in their place."""
    with socket.create_connection(("127.0.0.1", port), ANSWER_S) as connection:
        connection.settimeout(ANSWER_S)
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        with connection.makefile("rb") as answer:
            return b"".join(answer.readline(100).split()[1:2])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
