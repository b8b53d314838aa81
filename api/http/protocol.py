"""uvicorn's HTTP/1.1, which also shows the app who is at the other end.

ASGI says nothing of a client that takes nothing any more: see `tailrace.api.http.peer`.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tailrace.api.http.peer import EXTENSION, Peer


class PeerProtocol(HttpToolsProtocol):
    """One connection. For uvicorn's setting `http`."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to serve the connection, and watch whether its peer is still there."""
        super().connection_made(transport)
        self._peer = Peer(transport)
        self._peer.watch()

    def on_message_begin(self) -> None:
        """Begin a request; its scope gets the extension."""
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)["extensions"] = {EXTENSION: {"peer": self._peer}}
