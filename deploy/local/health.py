"""Whether a server responds, by the smallest HTTP request that shows it."""

import asyncio

ANSWER_S = 2.0
"""A server on this machine that takes longer is not ready."""


async def answers_ok(host: str, port: int, path: str) -> bool:
    """Whether `GET path` returns 200 now; a rejected, cut off or late response counts as no."""
    try:
        async with asyncio.timeout(ANSWER_S):
            return await _status_line(host, port, path) == b"200"
    except (OSError, TimeoutError, ValueError):
        return False


async def _status_line(host: str, port: int, path: str) -> bytes:
    """The three digits of the response's status.

    Raises:
        OSError: nobody listens, or the connection is cut.
        ValueError: the response is not HTTP.
    """
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        _version, status, *_reason = (await reader.readline()).split(maxsplit=2)
        return status
    finally:
        writer.close()
