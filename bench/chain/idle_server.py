"""`python -m bench.chain.idle_server PORT`: an HTTP server that does nothing, to know the load."""

import asyncio
import sys
from typing import Final

from tailrace.deploy.local.ports import LOOPBACK

_ACCEPTED: Final = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"
_ALIVE: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class _Answers(asyncio.Protocol):
    """One response for each piece that arrives: the load waits for it before it sends more."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.write(_ACCEPTED if data.startswith(b"POST") else _ALIVE)


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    async with await loop.create_server(_Answers, LOOPBACK, port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
