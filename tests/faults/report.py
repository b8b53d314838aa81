"""What a run prints: a line now and then, and the tables at its end."""

import sys
import time
from collections.abc import Sequence
from statistics import median

from tests.faults.audit import BROKEN, Delays, Findings
from tests.faults.plan import Pass
from tests.faults.record import Record


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def progress(plan: Pass, record: Record) -> str:
    """How far a pass has come."""
    ended = sum(1 for job in record.jobs if job.ears and job.ended)
    heard = sum(len(ear.heard) for ear in record.ears)
    return (
        f"{time.time() - record.started_at:5.0f} s  {plan.name}:"
        f" faults {record.done.total()}/{sum(plan.counts.values())},"
        f" jobs {ended}/{len(record.jobs)} of {plan.jobs}, events {heard},"
        f" reconnects {_reconnects(record)}, troubles {len(record.troubles)}"
    )


def table(plan: Pass, record: Record, findings: Findings, delays: Delays) -> list[str]:
    """All figures of a pass."""
    took_s = time.time() - record.started_at
    lines = [f"== {plan.name}: seed {plan.seed}, lease {plan.lease_s:g} s, {took_s:.0f} s =="]
    lines += [row(kind, f"{record.done[kind]} of {n}") for kind, n in plan.counts.items()]
    lines += [row(f"  {way}", str(count)) for way, count in sorted(record.ways.items())]
    lines += [
        row("jobs acknowledged", f"{len(record.jobs)} of {plan.jobs}"),
        row("conversations", f"{len(record.talks)} of {plan.talks}"),
        row("messages in them", str(sum(len(talk.messages) for talk in record.talks))),
        row("posts answered otherwise, sent again", str(record.refused_posts)),
        row("listeners", str(len(record.ears))),
        row("events delivered", str(sum(len(ear.heard) for ear in record.ears))),
        row("reconnects", str(_reconnects(record))),
        row("jobs held by killed workers", str(sum(len(kill.held) for kill in record.kills))),
        row("run again after a kill, all", spread(delays.all)),
        row("  no other fault in between", spread(delays.alone)),
        row("  with another fault in between", spread(delays.in_company)),
    ]
    return lines + [row(promise, str(findings.counts[promise])) for promise in BROKEN]


def _reconnects(record: Record) -> int:
    return sum(max(ear.connections - 1, 0) for ear in record.ears)


def spread(values: Sequence[float]) -> str:
    """How long something took."""
    if not values:
        return "none"
    return f"{len(values)}: median {median(values):.2f} s, at most {max(values):.2f} s"


def row(name: str, value: str) -> str:
    """One line of the table."""
    return f"{name:<48}{value}"
