"""Ports of this machine: one that is free, and whether a given one is."""

import socket

from tailrace.deploy.local.errors import LocalError

LOOPBACK = "127.0.0.1"


def take_port(host: str, port: int) -> int:
    """A port that a server may listen on now: the given one, or any free one for 0.

    Somebody else may still be quicker; the server then says so itself.

    Raises:
        LocalError: the port, or the address, is not to be had.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            # As servers do; without it, connections that have just ended would count as in use.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError as error:
        reason = f"cannot listen on {host}:{port} ({error.strerror or error})"
        raise LocalError(f"{reason}; choose another with --port") from error


def reachable(host: str) -> str:
    """The address under which this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound


def url(host: str, port: int) -> str:
    """The HTTP address for people and clients on this machine."""
    name = reachable(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
