"""Which graphs can be run: what workers announce, and what the API may therefore accept.

A worker beats while it lives. It counts as alive for three beats; what it served stays known for a
minute, so that a restart of the last worker turns no job away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final

from tailrace.shared.events import decode, encode
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import Command, ask_all
from tailrace.shared.redis.connection import Client
from tailrace.shared.redis.scripts import run_script

BEAT_S: Final = 2.0
_ALIVE_MS: Final = round(3 * BEAT_S * 1000)
_KNOWN_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class BrokenSpec:
    """Why a graph can't be run, as far as its users may know."""

    reference: str
    """Under which the worker's log has the traceback."""
    detail: str


@dataclass(frozen=True, slots=True)
class GraphSpec:
    """One graph as its worker describes it.

    A field that is not in the first release has a default, so that what an older worker says can
    be read; a reader passes over fields that it does not know.
    """

    name: str
    description: str
    input_schema: dict[str, Any]
    """JSON Schema, draft 2020-12."""
    mermaid: str
    """A drawing of the graph, in Mermaid's flowchart language."""
    context_schema: dict[str, Any] | None = None
    """JSON Schema of the runtime context; None: the graph declares none."""
    nodes: list[str] = field(default_factory=list[str])
    """Names of its nodes; none where they are not known before a run."""
    broken: BrokenSpec | None = None
    """The worker could not load the graph."""
    details: str | None = None
    """Under which name the rest is kept; None: there is none."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is served at one moment."""

    graphs: dict[str, GraphSpec]
    workers_alive: int
    served: frozenset[str] = frozenset()
    """Graphs that a worker which lives can run."""


async def announce(
    redis: Client,
    worker_id: str,
    graphs: Sequence[GraphSpec],
    details: Mapping[str, bytes] = MappingProxyType({}),
) -> None:
    """Say that this worker lives and what it serves; due each `BEAT_S`.

    Args:
        redis: the queue store.
        worker_id: of this worker.
        graphs: what it serves.
        details: of the graphs, packed, by their names; stored where the store has none.

    Raises:
        StoreUnavailable: the beat may not have been stored.
    """
    there = await _beat(redis, worker_id, graphs, 0, list(details))
    lacking: list[Command] = [
        ("SET", keys.graph_details(name), packed, "PX", _KNOWN_MS)
        for (name, packed), known in zip(details.items(), there, strict=True)
        if known == b"0"
    ]
    if lacking:
        await ask_all(redis, lacking)


async def leave(redis: Client, worker_id: str, graphs: Sequence[GraphSpec]) -> None:
    """Say that this worker takes no more jobs; what it served stays known for a while.

    Raises:
        StoreUnavailable: others will notice by the missing beats.
    """
    await _beat(redis, worker_id, graphs, _ALIVE_MS)


async def read(redis: Client) -> Catalogue:
    """The graphs that workers serve or served a moment ago.

    Raises:
        StoreUnavailable: the store did not reply.
    """
    flat = iter(await run_script(redis, "queue_store/beats", keys.OF_CATALOGUE))
    beats = [
        (int(age_ms) < _ALIVE_MS, decode(told)) for age_ms, told in zip(flat, flat, strict=True)
    ]
    return _merged([(alive, [_spec(spec) for spec in told]) for alive, told in beats])


def _merged(told: Sequence[tuple[bool, Sequence[GraphSpec]]]) -> Catalogue:
    """One word on each graph, from those of all workers in the order of their beats.

    The living are believed before the gone, and of these one that can run the graph before one
    that can't, as in the middle of a deployment; then the newest.
    """
    best: dict[str, tuple[bool, bool]] = {}
    graphs: dict[str, GraphSpec] = {}
    for alive, specs in told:
        for spec in specs:
            rank = (alive, spec.broken is None)
            if rank >= best.get(spec.name, rank):
                best[spec.name], graphs[spec.name] = rank, spec
    served = frozenset(name for name, rank in best.items() if all(rank))
    return Catalogue(graphs, sum(alive for alive, _ in told), served)


def _spec(told: dict[str, Any]) -> GraphSpec:
    # A newer release may say more; what it says beside is for newer readers.
    known = {f.name: told[f.name] for f in fields(GraphSpec) if f.name in told}
    if broken := known.get("broken"):
        known["broken"] = BrokenSpec(broken["reference"], broken["detail"])
    return GraphSpec(**known)


async def _beat(
    redis: Client,
    worker_id: str,
    graphs: Sequence[GraphSpec],
    age_ms: int,
    details: Sequence[str] = (),
) -> list[bytes]:
    """Beat; for each of the details whether the store has them, `1` or `0`."""
    return await run_script(
        redis,
        "queue_store/beat",
        {**keys.OF_CATALOGUE, "DETAILS": [*map(keys.graph_details, details)]},
        worker_id=worker_id,
        served=encode(graphs),
        known_ms=_KNOWN_MS,
        age_ms=age_ms,
    )
