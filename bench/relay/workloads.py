"""The workloads: what is done to a contender in one round, and the figures of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from bench.relay.accounting import rss_kib
from bench.relay.crowd import Counted, Spread, crowd
from bench.relay.sizes import Size
from bench.relay.stage import SETTLE_S, Stage, listening
from bench.relay.usage import Usage
from bench.relay.writing import Published, publish

_HOLD_S: Final = 2.0
"""How long all idle listeners stay before memory is read."""
_NAP_US: Final = 500
"""Where events come one by one; half of it is added to every latency."""
_WINDOW: Final = 256
"""The most requests in flight while thousands connect, so that no accept queue overflows."""


@dataclass(frozen=True, slots=True)
class Round:
    """What came of one workload on one contender, once."""

    figures: Mapping[str, float | None]
    """By name; None where something did not come to pass in time."""
    counted: Counted
    events: int
    """Events that each listener waited for."""
    published: Published | None = None

    @property
    def complete(self) -> bool:
        """Whether everybody got everything in time."""
        return self.counted.complete


Workload = Callable[[Stage, Size], Awaitable[Round]]


async def _stream(stage: Stage, size: Size, *, drop: bool = False) -> Round:
    """Listeners wait at the tail of their logs while events are written."""
    relay = await stage.relay()
    logs = await relay.open(size.logs)
    asked = listening(relay, logs, size.listeners, size.events, seconds=size.seconds)
    if size.rate:
        asked = replace(asked, nap_us=_NAP_US)
    if drop:
        first = logs[0].first
        asked = replace(asked, drop=(first + size.events // 4, first + size.events * 3 // 4))
    async with crowd(stage.loadgen, asked) as listeners:
        await listeners.accepted()
        await asyncio.sleep(SETTLE_S)
        before = Usage.of(relay)
        published = await publish(stage.publisher, relay.gate, logs, size.events, size.rate)
        counted = await listeners.counted()
        usage = Usage.of(relay).since(before)
    await relay.close(logs, size.events)
    behind = (logs[0].first - 1) * size.listeners
    figures = _stream_figures(counted, usage, behind)
    if size.rate:
        figures["load_share"] = usage.load_share(counted.cpu_s, published.cpu_s)
    return Round(figures, counted, size.events, published)


def _stream_figures(counted: Counted, usage: Usage, behind: int) -> dict[str, float | None]:
    """What was delivered before the first event was written (`behind`) costs nothing here."""
    delivered = max(counted.delivered - behind, 1)
    return {
        **usage.figures(delivered),
        **_spread("latency", counted.latency_ms),
        "deliveries_per_s": delivered / counted.stream_s if counted.stream_s else None,
    }


def _spread(name: str, spread: Spread | None) -> dict[str, float | None]:
    return {
        f"{name}_p50_ms": spread and spread.p50,
        f"{name}_p99_ms": spread and spread.p99,
    }


async def _steady(stage: Stage, size: Size) -> Round:
    return await _stream(stage, size)


async def _return(stage: Stage, size: Size) -> Round:
    """All drop in the middle, each at its own number, and reconnect at once."""
    done = await _stream(stage, size, drop=True)
    counted = done.counted
    caught_up = counted.finish_ms if counted.finished == size.listeners else None
    wrong = {
        "lost": float(counted.lost),
        "repeated": float(counted.repeated),
        "never_caught_up": float(size.listeners - counted.finished),
    }
    return replace(done, figures={**wrong, **_spread("caught_up", caught_up)})


async def _idle(stage: Stage, size: Size) -> Round:
    """A fresh server's memory before and after thousands have come that get nothing."""
    async with stage.fresh() as relay:
        logs = await relay.open(size.logs)
        asked = listening(relay, logs, size.listeners, 0, seconds=size.seconds)
        before = rss_kib(relay.pid)
        async with crowd(stage.loadgen, replace(asked, window=_WINDOW)) as listeners:
            accept_ms = await listeners.accepted()
            await asyncio.sleep(_HOLD_S)
            each = (rss_kib(relay.pid) - before) / size.listeners
            listeners.leave()
            counted = await listeners.counted()
        await relay.close(logs, 0)
    figures = {"kib_each": each if accept_ms is not None else None, "accept_ms": accept_ms}
    return Round(figures, counted, 0)


async def _replay(stage: Stage, size: Size) -> Round:
    """Finished logs from the first event to the last, a new connection each time."""
    relay = await stage.relay()
    logs = await stage.finished(size.logs, size.events)
    asked = replace(
        listening(relay, logs, size.listeners, 1, seconds=size.seconds),
        last=relay.last(logs[0], size.events),
        replays=size.replays,
    )
    before = Usage.of(relay)
    async with crowd(stage.loadgen, asked) as listeners:
        await listeners.accepted()
        counted = await listeners.counted()
    usage = Usage.of(relay).since(before)
    took_s = counted.wall_s if counted.finished == size.replays else size.seconds
    figures = {
        "replays_per_s": counted.finished / took_s,
        **usage.figures(counted.delivered),
        **_spread("replay", counted.finish_ms),
    }
    return Round(figures, counted, size.events)


WORKLOADS: Final[Mapping[str, Workload]] = {
    "W1": _steady,
    "W2": _steady,
    "W3": _return,
    "W4": _idle,
    "W5": _replay,
    "W6": _steady,
    "W7": _replay,
}
"""How many listeners, logs and events each has is in `sizes`."""
