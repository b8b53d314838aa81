"""What is known of a graph beside its word in the catalogue: drawings, schemas, graphs inside it.

It may be large and is seldom asked for, so it is kept apart from the beats, once for all workers
that say the same, under a name made of what it says.
"""

import hashlib
import zlib
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from tailrace.shared.events import decode, encode
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import get
from tailrace.shared.redis.connection import Client

Schema = dict[str, Any]
Drawing = dict[str, Any]

MOST_BYTES: Final = 1024 * 1024
"""Of a graph's details as JSON."""


@dataclass(frozen=True, slots=True)
class GraphSchemas:
    """A graph's own JSON Schemas, as LangGraph tells them; None: it can't."""

    input: Schema | None = None
    output: Schema | None = None
    state: Schema | None = None
    config: Schema | None = None
    context: Schema | None = None


@dataclass(frozen=True, slots=True)
class GraphDetails:
    """What is told of a graph; each field is empty where it is not known."""

    drawings: list[Drawing] = field(default_factory=list[Drawing])
    """Nodes and edges as LangChain draws them: the graph itself, then with the graphs inside, each
    time a level deeper. The last one has all."""
    schemas: GraphSchemas = GraphSchemas()
    subgraphs: dict[str, GraphSchemas] = field(default_factory=dict[str, GraphSchemas])
    """Of the graphs inside, at any depth, by their namespaces, such as `agent|tools`."""


def pack(details: GraphDetails) -> tuple[bytes, list[str]]:
    """The details as they are stored, and the names of the fields that are too large for that."""
    left_out: list[str] = []
    told = encode(details)
    for name in ("subgraphs", "schemas", "drawings"):
        if len(told) <= MOST_BYTES:
            break
        empty: Any = GraphSchemas() if name == "schemas" else type(getattr(details, name))()
        details, left_out = replace(details, **{name: empty}), [*left_out, name]
        told = encode(details)
    return zlib.compress(told), left_out


def name_of(packed: bytes) -> str:
    """The name under which these details are kept."""
    return hashlib.sha256(packed).hexdigest()[:32]


async def read_details(redis: Client, name: str) -> GraphDetails | None:
    """The details of this name; None if nobody keeps them now.

    Raises:
        StoreUnavailable: the store did not reply.
    """
    packed = await get(redis, keys.graph_details(name))
    return None if packed is None else _unpacked(packed)


def _unpacked(packed: bytes) -> GraphDetails:
    told = decode(zlib.decompress(packed))
    return GraphDetails(
        told["drawings"],
        _schemas(told["schemas"]),
        {ns: _schemas(schemas) for ns, schemas in told["subgraphs"].items()},
    )


def _schemas(told: dict[str, Any]) -> GraphSchemas:
    # A newer release may say more; what it says beside is for newer readers.
    return GraphSchemas(**{f.name: told[f.name] for f in fields(GraphSchemas) if f.name in told})
