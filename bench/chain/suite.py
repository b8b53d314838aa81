"""The chain's part of the suite: every measurement on real processes, and the goals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from statistics import median
from typing import Final

from bench.chain.accepting import AT_ONCE, POST_PACE, Accepting, accepting
from bench.chain.first_event import HOPS, Chain, first_events
from bench.chain.flow import EVENTS, EVENTS_EACH, JOBS, PACE, WORKERS, Flow, fifty_jobs, flat_out
from bench.chain.killed import LEASE_S, Killed, killed
from bench.figures import at_least, at_most, percentile, spread
from bench.section import Goal, Section
from tailrace.deploy.local.store import Fsync

FSYNCS: Final[tuple[Fsync, ...]] = ("always", "everysec")
"""As the embedded store ships, and as most servers run."""
_SAMPLES: Final = {False: 150, True: 1000}
_FLAT_OUT: Final = {False: 5, True: 15}
_FIFTY: Final = {False: 5, True: 15}
_POSTS: Final = {False: 3000, True: 10_000}
_PACED_S: Final = {False: 8.0, True: 60.0}
_KILLS: Final = {False: 4, True: 20}
_POST_ROUNDS: Final = 3

Chains = Mapping[Fsync, Sequence[Chain]]


async def measure(*, full: bool, say: Callable[[str], None]) -> Section:
    """All of it, one after the other, each on a service of its own."""
    chains: dict[Fsync, Sequence[Chain]] = {}
    for fsync in FSYNCS:
        say(f"chain: {_SAMPLES[full]} first events, fsync {fsync}")
        chains[fsync] = await first_events(fsync, _SAMPLES[full])
    say(f"chain: one job of {EVENTS:,} events flat out, {_FLAT_OUT[full]} times")
    rates = await flat_out(_FLAT_OUT[full])
    say(f"chain: {JOBS} jobs of {EVENTS_EACH} events at {PACE}/s, {WORKERS} workers")
    flows = await fifty_jobs(_FIFTY[full])
    say(f"chain: POST /jobs, {_POST_ROUNDS} rounds of {_POSTS[full]:,}, then {POST_PACE} a second")
    posts = await accepting(_POST_ROUNDS, _POSTS[full], _PACED_S[full])
    say(f"chain: {_KILLS[full]} workers killed")
    kills = await killed(_KILLS[full])
    return _section(chains, rates, flows, posts, kills)


def _section(
    chains: Chains,
    rates: Sequence[float],
    flows: Sequence[Flow],
    posts: Accepting,
    kills: Sequence[Killed],
) -> Section:
    waits = [kill.went_on_s for kill in kills]
    return Section(
        title="The chain: API, queue, worker, log and relay as real processes",
        columns=("", "p50 / median", "p99 / worst", "unit"),
        rows=[*_hop_rows(chains), *_other_rows(rates, flows, posts, waits)],
        goals=[
            *(goal for fsync in FSYNCS for goal in _first_goals(fsync, chains[fsync])),
            *_flow_goals(rates, flows),
            *_post_goals(posts),
            *_kill_goals(kills),
        ],
        figures={
            "hops": HOPS,
            "first_event": {fsync: [asdict(c) for c in of] for fsync, of in chains.items()},
            "flat_out_per_s": rates,
            "fifty_jobs": [asdict(flow) for flow in flows],
            "post": asdict(posts),
            "killed": [asdict(kill) for kill in kills],
        },
        notes=(
            "Hops are the times between stamps: the node's own, those of an observer whom the store"
            " tells of each change, and those of the client.",
            f"The load against POST reaches {posts.ceiling:,.0f}/s on a server that does nothing.",
            f"{sum(kill.complete for kill in kills)} of {len(kills)} killed jobs succeeded later.",
        ),
    )


def _hop_rows(chains: Chains) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for fsync, of in chains.items():
        for i, hop in enumerate(HOPS):
            rows.append(_ms_row(f"fsync {fsync}: {hop}", [chain.hops[i] for chain in of]))
        rows.append(_ms_row(f"fsync {fsync}: the whole", [chain.whole for chain in of]))
        rows.append(_ms_row("  beside it: POST to its 202", [chain.answered for chain in of]))
        rows.append(_ms_row("  beside it: POST to open stream", [chain.opened for chain in of]))
    return rows


def _ms_row(name: str, values: Sequence[float]) -> Sequence[str]:
    return [name, f"{percentile(values, 50):.2f}", f"{percentile(values, 99):.2f}", "ms"]


def _other_rows(
    rates: Sequence[float], flows: Sequence[Flow], posts: Accepting, waits: Sequence[float]
) -> list[Sequence[str]]:
    return [
        ["one job flat out", spread(rates), "", "events/s"],
        [
            f"{JOBS} jobs at {median(flow.pace for flow in flows):.0f} events/s: event latency",
            spread([flow.p50_ms for flow in flows], 1),
            spread([flow.p99_ms for flow in flows], 1),
            "ms",
        ],
        [f"POST /jobs, {AT_ONCE} at once", spread(posts.rates), "", "/s"],
        _ms_row(f"POST /jobs at {POST_PACE}/s", posts.latencies_ms),
        ["killed worker: job resumes", f"{median(waits):.2f}", f"{max(waits):.2f}", "s"],
    ]


def _first_goals(fsync: Fsync, chains: Sequence[Chain]) -> list[Goal]:
    whole = [chain.whole for chain in chains]
    name = f"first event from the POST, fsync {fsync}"
    return [
        at_most(f"{name}, p50", percentile(whole, 50), 10, "ms"),
        at_most(f"{name}, p99", percentile(whole, 99), 30, "ms"),
    ]


def _flow_goals(rates: Sequence[float], flows: Sequence[Flow]) -> list[Goal]:
    fifty = f"{JOBS} jobs x {EVENTS_EACH} events at {PACE}/s, p99"
    return [
        at_least("one job flat out, graph to listener", median(rates), 20_000, "events/s"),
        at_most(fifty, median(flow.p99_ms for flow in flows), 30, "ms"),
    ]


def _post_goals(posts: Accepting) -> list[Goal]:
    return [
        at_least("POST /jobs on one API process", median(posts.rates), 1000, "/s"),
        at_most(f"POST /jobs at {POST_PACE}/s, p99", percentile(posts.latencies_ms, 99), 50, "ms"),
    ]


def _kill_goals(kills: Sequence[Killed]) -> list[Goal]:
    """Met only if every job reached its end: resuming is useless otherwise."""
    name = f"killed worker, job resumes (lease {LEASE_S:g} s)"
    waits = [kill.went_on_s for kill in kills]
    judged = [
        at_most(f"{name}, median", median(waits), LEASE_S + 0.5, "s"),
        at_most(f"{name}, most", max(waits), LEASE_S + 2, "s"),
    ]
    return [replace(goal, met=goal.met and all(k.complete for k in kills)) for goal in judged]
