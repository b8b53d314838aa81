"""The queue's part of the suite: our queue alone and with whole jobs, beside stock arq."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict
from statistics import median
from typing import Final

from bench.figures import spread
from bench.queue.contenders import ALWAYS, BY_NAME, OURS, STOCK, Contender
from bench.queue.measures import Figures, Size, measure_contender
from bench.queue.table import MEASURES, ratio
from bench.section import Goal, Section
from bench.store import embedded
from tailrace.shared.redis.connection import connect

_QUICK: Final = (OURS, BY_NAME["whole"], STOCK)
_SIZES: Final = {False: Size(jobs=1000, samples=15), True: Size(jobs=5000, samples=60)}
_ROUNDS: Final = {False: 1, True: 5}
_RATIO: Final = f"ours to {STOCK.title}"

Results = Mapping[Contender, Sequence[Figures]]


async def measure(*, full: bool, say: Callable[[str], None]) -> Section:
    """All contenders in turns on one store."""
    contenders = ALWAYS if full else _QUICK
    with embedded("everysec") as store:
        results = await rounds(contenders, store.url, _SIZES[full], _ROUNDS[full], say)
    return _section(results, _SIZES[full])


async def rounds(
    contenders: Sequence[Contender], url: str, size: Size, count: int, say: Callable[[str], None]
) -> Results:
    """In turns, so that what else the machine does hits all of them."""
    results: dict[Contender, list[Figures]] = {contender: [] for contender in contenders}
    async with aclosing(connect(url)) as store:
        for number in range(1, count + 1):
            for contender in contenders:
                say(f"queue: round {number} of {count}, {contender.title}")
                results[contender].append(await measure_contender(contender, store, url, size))
    return results


def _section(results: Results, size: Size) -> Section:
    ratios = [f"{ratio(measure, results):.3g}" for measure in MEASURES]
    return Section(
        title="The queue: alone, with whole jobs, and stock arq",
        columns=("", *(measure.name for measure in MEASURES)),
        rows=[*(_row(contender, of) for contender, of in results.items()), [_RATIO, *ratios]],
        goals=_goals(results[OURS]),
        figures={contender.name: [asdict(f) for f in of] for contender, of in results.items()},
        notes=(f"{size.jobs:,} jobs and {size.samples} pick-ups a round, fsync everysec.",),
    )


def _row(contender: Contender, of: Sequence[Figures]) -> Sequence[str]:
    cells = [spread(measure.each(of), measure.digits) for measure in MEASURES]
    return [contender.title, *cells]


def _goals(ours: Sequence[Figures]) -> list[Goal]:
    judged = (measure.judged(median(measure.each(ours))) for measure in MEASURES)
    return [goal for goal in judged if goal is not None]
