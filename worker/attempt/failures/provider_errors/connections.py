"""Connections that failed, broke or took too long, recognized by their exceptions' shape.

A class is recognized by its package and its name, or those of a base class, so that the libraries
need not be installed and a new release needs no change here.
"""

import errno
import re
import socket
from collections.abc import Mapping
from typing import Final

_ANYWHERE: Final = frozenset(
    ("ConnectionError", "TimeoutError", "APIConnectionError", "APITimeoutError")
)
_OF_PACKAGE: Final[Mapping[str, frozenset[str]]] = {
    "aiohttp": frozenset(("ClientConnectionError", "ClientPayloadError")),
    "anyio": frozenset(("BrokenResourceError", "EndOfStream")),
    "asyncio": frozenset(("IncompleteReadError",)),
    "botocore": frozenset(("HTTPClientError",)),
    "http": frozenset(("IncompleteRead", "BadStatusLine")),
    "httpcore": frozenset(
        ("NetworkError", "RemoteProtocolError", "TimeoutException", "ProxyError")
    ),
    "httpx": frozenset(("NetworkError", "RemoteProtocolError", "TimeoutException", "ProxyError")),
    "langchain_core": frozenset(("ModelConnectionError", "ModelTimeoutError")),
    "requests": frozenset(("Timeout", "ChunkedEncodingError")),
    "ssl": frozenset(("SSLEOFError", "SSLZeroReturnError")),
    "urllib3": frozenset(("ProtocolError", "NewConnectionError", "MaxRetryError")),
    "websockets": frozenset(("ConnectionClosedError",)),
}
_SUCCESSORS: Final = {"httpx2": "httpx", "httpcore2": "httpcore"}
_ERRNOS: Final = frozenset(
    (
        *(errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE, errno.ETIMEDOUT),
        *(errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETUNREACH, errno.ENETDOWN, errno.ENETRESET),
    )
)
_EMPTY_STREAM: Final = ("No generation chunks were returned", "No generations found in stream.")
"""LangChain's messages for a stream that ended before its first token."""


def is_connection_trouble(error: BaseException) -> bool:
    """Whether a connection failed, or a response did not arrive in time."""
    if isinstance(error, OSError) and _is_of_the_network(error):
        return True
    if type(error) is ValueError and error.args and error.args[0] in _EMPTY_STREAM:
        return True
    return any(_is_known(kind) for kind in type(error).__mro__)


def _is_known(kind: type) -> bool:
    package = kind.__module__.partition(".")[0]
    package = _SUCCESSORS.get(package, package)
    return kind.__name__ in _ANYWHERE or kind.__name__ in _OF_PACKAGE.get(package, ())


def _is_of_the_network(error: OSError) -> bool:
    """By number; if asyncio tried several addresses, the numbers are only in its text."""
    if isinstance(error, socket.gaierror) or error.errno in _ERRNOS:
        return True
    text = str(error)
    numbers = [int(number) for number in re.findall(r"\[Errno (\d+)\]", text)]
    several = text.startswith("Multiple exceptions: ") and bool(numbers)
    return several and all(number in _ERRNOS for number in numbers)
