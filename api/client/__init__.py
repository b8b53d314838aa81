"""The Python client: jobs over HTTP, and a job's events over as many connections as it takes.

It knows the wire (PROTOCOL.md) and nothing else of the service.

    async with Tailrace("http://127.0.0.1:8000") as client:
        job = await client.create("article", {"topic": "mill wheels"})
        async with aclosing(client.events(job.id)) as events:
            async for event in events:
                print(event.seq, event.name, event.value)
"""

from tailrace.api.client.errors import (
    ApiError,
    EventsExpired,
    JobNotFound,
    NotSent,
    ProtocolBroken,
    TailraceError,
    Unauthorized,
    Unreachable,
)
from tailrace.api.client.service import Tailrace
from tailrace.api.client.stream import Reconnect
from tailrace.api.client.values import (
    BrokenGraph,
    Graph,
    Interrupt,
    Job,
    JobError,
    JobOptions,
    JobUrls,
    JsonValue,
    Patience,
    ReceivedEvent,
)

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
