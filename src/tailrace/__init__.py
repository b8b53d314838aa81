"""Tailrace: a queue-backed job-streaming microservice for LangGraph.

What callers use is here: the Python client, jobs over HTTP, and a job's events over as many
connections as it takes. It knows the wire (PROTOCOL.md) and nothing of the service, whose rooms
lie at the top of the repository and are linked here under the one name to import.

    from tailrace import Tailrace

    async with Tailrace("http://127.0.0.1:8000") as client:
        job = await client.create("article", {"topic": "mill wheels"})
        async with aclosing(client.events(job.id)) as events:
            async for event in events:
                print(event.seq, event.name, event.value)

    client       `Tailrace`: every call of the service, as a method
    stream       a job's events, over as many connections as it takes
    http         one call; a POST that is repeated under its key
    sequence     frames to events, each number once and in order
    sse          bytes to frames
    models       what calls take and return
    json_values  JSON to values, and back
    errors       what can go wrong, by name
    cli          the command `tailrace`
    extras       says which extra is not installed
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tailrace.client import Tailrace
    from tailrace.errors import (
        ApiError,
        EventsExpired,
        JobNotFound,
        NotSent,
        ProtocolBroken,
        TailraceError,
        Unauthorized,
        Unreachable,
    )
    from tailrace.json_values import JsonValue
    from tailrace.models import (
        BrokenGraph,
        Graph,
        Interrupt,
        Job,
        JobError,
        JobOptions,
        JobUrls,
        Patience,
        ReceivedEvent,
    )
    from tailrace.stream import Reconnect

__all__ = [
    "ApiError",
    "BrokenGraph",
    "EventsExpired",
    "Graph",
    "Interrupt",
    "Job",
    "JobError",
    "JobNotFound",
    "JobOptions",
    "JobUrls",
    "JsonValue",
    "NotSent",
    "Patience",
    "ProtocolBroken",
    "ReceivedEvent",
    "Reconnect",
    "Tailrace",
    "TailraceError",
    "Unauthorized",
    "Unreachable",
]

_HOMES: Final = ("client", "errors", "models", "stream", "json_values")


def __getattr__(name: str) -> Any:
    """Load the client when it is first asked for: a worker or a health check needs no httpx.

    Raises:
        AttributeError: there is no such name.
    """
    if name in __all__:
        for home in _HOMES:
            if hasattr(module := import_module(f"tailrace.{home}"), name):
                return getattr(module, name)
    raise AttributeError(f"module 'tailrace' has no attribute {name!r}")
