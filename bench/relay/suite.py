"""The relay's part of the suite: all contenders in turns, then one section of figures and goals."""

import os
import tempfile
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Final

from bench.relay import contenders, cores, precedence, table
from bench.relay.ceiling import ceiling
from bench.relay.contenders.relay import Contender, Ground
from bench.relay.crowd import Counted
from bench.relay.goals import judged
from bench.relay.programs import Programs, raise_file_limit
from bench.relay.record import Entry, Record
from bench.relay.sizes import FULL, QUICK, SLOW, Size
from bench.relay.stage import Stage
from bench.relay.store_logs import StoreLogs
from bench.relay.workloads import WORKLOADS
from bench.section import Section
from bench.server import Failed
from bench.store import embedded

Say = Callable[[str], None]

_FULL_ROUNDS: Final = 5
_QUICK_ROUNDS: Final = 2


@dataclass(frozen=True, slots=True)
class Turn:
    """One measurement that is to be made."""

    number: int
    workload: str
    stage: Stage
    size: Size


async def measure(
    *,
    full: bool,
    say: Say,
    only: Collection[str] = tuple(WORKLOADS),
    names: Collection[str] = tuple(contenders.BY_NAME),
    rounds: int | None = None,
    before_others: bool = False,
) -> Section:
    """Run the workloads on the contenders; takes minutes, and two cores.

    Args:
        full: five rounds of everything; otherwise two shorter ones, and one of the naive relay.
        say: is told what happens.
        only: names of workloads.
        names: names of contenders.
        rounds: another number of rounds.
        before_others: take the machine from whatever else runs on it; see `precedence`.

    Raises:
        Unprepared: something is missing on this machine; says how to get it.
    """
    chosen = [c for name, c in contenders.BY_NAME.items() if name in names]
    for contender in chosen:
        contender.require()
    count = rounds or (_FULL_ROUNDS if full else _QUICK_ROUNDS)
    async with ground() as here, AsyncExitStack() as stack:
        if before_others:
            stack.enter_context(precedence.before_others((os.getpid(), here.store_pid)))
        own = await ceiling(here, FULL["W1"].listeners, FULL["W1"].events)
        stages = [Stage(contender, here) for contender in chosen]
        record = await _all_rounds(stages, _turns(stages, only, count, full=full), say)
    return _section(record, only, chosen, own)


@asynccontextmanager
async def ground() -> AsyncGenerator[Ground]:
    """A store, the compiled programs and a folder, for one run; the load's core is taken."""
    raise_file_limit()
    async with AsyncExitStack() as stack:
        stack.enter_context(cores.load_pinned())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        store = stack.enter_context(embedded("everysec"))
        logs = StoreLogs(store.url)
        stack.push_async_callback(logs.aclose)
        await logs.load_script()
        yield Ground(folder, Programs.compiled(folder), store.url, store.pid, logs)


async def _all_rounds(stages: Sequence[Stage], turns: Iterable[Turn], say: Say) -> Record:
    entries: list[Entry] = []
    async with AsyncExitStack() as stack:
        for stage in stages:
            stack.push_async_callback(stage.leave)
        for turn in turns:
            say(f"round {turn.number}: {turn.workload} {turn.stage.contender.title}")
            entries.append(await _entry(turn))
    return Record(entries)


def _turns(
    stages: Sequence[Stage], only: Collection[str], rounds: int, *, full: bool
) -> Iterator[Turn]:
    """Neighbours in time do the same work, so that what else the machine does hits all alike."""
    workloads = [name for name in WORKLOADS if name in only]
    for number, workload, stage in product(range(1, rounds + 1), workloads, stages):
        slow = stage.contender is contenders.NAIVE and not full
        if not slow or number == 1:
            sizes = FULL if full else SLOW if slow else QUICK
            yield Turn(number, workload, stage, sizes[workload])


async def _entry(turn: Turn) -> Entry:
    """One measurement; a server that fell short of it makes room for a fresh one."""
    contender = turn.stage.contender.name
    try:
        done = await WORKLOADS[turn.workload](turn.stage, turn.size)
        entry = Entry(turn.workload, contender, turn.number, done)
    except Failed as error:
        entry = Entry(turn.workload, contender, turn.number, None, str(error))
    if not entry.complete:
        await turn.stage.leave()
    return entry


def _section(
    record: Record, only: Collection[str], chosen: Sequence[Contender], own: Counted
) -> Section:
    rate, cost = own.delivered / own.stream_s, own.cpu_s * 1e6 / own.delivered
    notes = [
        f"The load generator alone takes {rate:,.0f} deliveries/s from a trivial server, at"
        f" {cost:.2f} CPU s per million.",
        *table.notes(record),
    ]
    if cores.is_shared():
        notes.append("One core for everything: latencies and rates mean little here.")
    return Section(
        title="The relay: medians over rounds (least to most)",
        columns=table.columns(chosen),
        rows=list(table.rows(record, only, chosen)),
        goals=judged(record, only),
        figures={"rounds": record.raw(), "ceiling": asdict(own), "ceiling_per_s": rate},
        notes=notes,
    )
