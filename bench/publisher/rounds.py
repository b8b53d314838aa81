"""`python -m bench.publisher.rounds ROUNDS`: the rounds in a fresh process, as JSON on stdout."""

import sys
from dataclasses import asdict
from typing import Any, Final

import orjson

from bench.chain.service import GRAPHS
from bench.publisher.runs import Counting, bare, through_worker
from bench.store import embedded
from tailrace.shared.process.garbage import freeze_startup_objects
from tailrace.shared.project.file import read_project
from tailrace.worker.catalogue.registry import Registry, load_registry
from tailrace.worker.runtime.event_loop import WorkerLoop

EVENTS: Final = 20_000
_SLOW: Final = Counting(100, interval_s=0.02)
_SMALL: Final = Counting(2000)
"""Warms up: what is imported and compiled at first use belongs to nobody."""


def main() -> None:
    """Run as often as asked, in turns."""
    registry = load_registry(read_project(GRAPHS))
    freeze_startup_objects()
    with embedded("everysec") as store:
        bare(_SMALL)
        through_worker(_SMALL, store.url, registry, WorkerLoop)
        rounds = [_round(store.url, registry) for _ in range(int(sys.argv[1]))]
        _, slow = through_worker(_SLOW, store.url, registry, WorkerLoop)
    sys.stdout.buffer.write(orjson.dumps({"rounds": rounds, "slow_sizes": slow}))


def _round(url: str, registry: Registry) -> dict[str, Any]:
    alone = bare(Counting(EVENTS))
    same_loop = bare(Counting(EVENTS), WorkerLoop)
    worker, sizes = through_worker(Counting(EVENTS), url, registry, WorkerLoop)
    costs = {"bare": alone, "bare_worker_loop": same_loop, "worker": worker}
    return {**{name: asdict(cost) for name, cost in costs.items()}, "sizes": sizes}


if __name__ == "__main__":
    main()
