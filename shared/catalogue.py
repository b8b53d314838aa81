"""Which graphs can be run: what workers announce, and what the API may therefore accept.

A worker beats while it lives. It counts as alive for three beats; what it served stays known for a
minute, so that a restart of the last worker turns no job away.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, cast

from tailrace.shared import keys
from tailrace.shared.events import decode, encode
from tailrace.shared.redis import Client, run, store_errors

BEAT_S: Final = 2.0
_ALIVE_MS: Final = round(3 * BEAT_S * 1000)
_KNOWN_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class GraphSpec:
    """One graph as its worker describes it."""

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


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is served at one moment."""

    graphs: dict[str, GraphSpec]
    workers_alive: int


async def announce(redis: Client, worker_id: str, graphs: Sequence[GraphSpec]) -> None:
    """Say that this worker lives and what it serves; due each `BEAT_S`.

    Raises:
        StoreUnavailable: the beat may not have been stored.
    """
    await _beat(redis, worker_id, graphs, age_ms=0)


async def leave(redis: Client, worker_id: str, graphs: Sequence[GraphSpec]) -> None:
    """Say that this worker takes no more jobs; what it served stays known for a while.

    Raises:
        StoreUnavailable: others will notice by the missing beats.
    """
    await _beat(redis, worker_id, graphs, age_ms=_ALIVE_MS)


async def read(redis: Client) -> Catalogue:
    """The graphs that workers serve or served a moment ago.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    with store_errors():
        async with redis.pipeline(transaction=False) as pipe:
            cast("Any", pipe).time().zrange(keys.CATALOGUE_WORKERS, 0, -1, withscores=True)
            (seconds, micros), beats = cast("Any", await pipe.execute())
        known = await _specs(redis, [worker.decode() for worker, _ in beats])
    now_ms = seconds * 1000 + micros // 1000
    alive = sum(1 for _, beat in beats if now_ms - beat < _ALIVE_MS)
    return Catalogue(known, alive)


async def _specs(redis: Client, workers: Sequence[str]) -> dict[str, GraphSpec]:
    if not workers:
        return {}
    texts = await cast("Any", redis).mget([keys.catalogue_worker(worker) for worker in workers])
    specs = [_spec(told) for text in texts if text for told in decode(text)]
    return {spec.name: spec for spec in specs}


def _spec(told: dict[str, Any]) -> GraphSpec:
    # A newer release may say more; what it says beside is for newer readers.
    # An older one says less: every field that came later has a default.
    known = {f.name: told[f.name] for f in fields(GraphSpec) if f.name in told}
    return GraphSpec(**known)


async def _beat(redis: Client, worker_id: str, graphs: Sequence[GraphSpec], age_ms: int) -> None:
    places = [keys.CATALOGUE_WORKERS, keys.catalogue_worker(worker_id)]
    await run(redis, "queue/beat", places, [worker_id, encode(graphs), _KNOWN_MS, age_ms])
