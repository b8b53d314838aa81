"""The counting: what the logs say, what each listener heard, and whether it is all as promised.

Pure: it gets logs and records, and gives numbers. A number other than 0 in `BROKEN` fails a run.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any, Final

import orjson

from tailrace.shared.jobs import JobId
from tests.faults.conversation import serially
from tests.faults.listener import digest
from tests.faults.plan import Pass
from tests.faults.record import Ear, Kill, PostedJob, Record, Talk
from tests.faults.store_view import Held, Indexed, Kept, Logged, seconds

BROKEN: Final = (
    "jobs lost",
    "jobs without exactly one end, last",
    "logs with holes",
    "jobs that ended in another way than they may",
    "records that differ from their logs",
    "cancels without end within 5 s",
    "attempts live at once",
    "events that a graph wrote and no log has",
    "events lost",
    "events repeated",
    "events out of order",
    "numbers reused",
    "messages lost, doubled or out of order",
    "conversations that differ from a serial one",
    "jobs of a thread that ran at once",
    "threads whose numbers have holes",
    "answers outside the protocol",
    "keys left behind",
    "crashes and warnings in the processes' output",
    "other troubles",
)
EXAMPLES: Final = 8
CANCEL_S: Final = 5.0


@dataclass(slots=True)
class Findings:
    """How often each promise was broken, with some examples."""

    counts: Counter[str] = field(default_factory=Counter[str])
    examples: list[str] = field(default_factory=list[str])

    def add(self, what: str, example: str, number: int = 1) -> None:
        """Note that a promise was broken."""
        if number and what not in BROKEN:
            raise ValueError(what)
        self.counts[what] += number
        if number and sum(1 for line in self.examples if line.startswith(what)) < EXAMPLES:
            self.examples.append(f"{what}: {example}")

    @property
    def broken(self) -> int:
        """How many in all."""
        return self.counts.total()


@dataclass(frozen=True, slots=True)
class Delays:
    """How long after a worker's death its jobs ran again, in seconds."""

    alone: tuple[float, ...]
    """The store was there, and the next to claim lived to open."""
    in_company: tuple[float, ...]
    """Another fault came in between."""

    @property
    def all(self) -> tuple[float, ...]:
        """Both."""
        return self.alone + self.in_company


def audit_job(job: PostedJob, log: Sequence[Logged], kept: Kept, findings: Findings) -> None:
    """One job: its log, its record, and what its listeners heard."""
    name = f"job {job.id}"
    if not log:
        findings.add("jobs lost", name)
        return
    if [event.seq for event in log] != list(range(1, len(log) + 1)):
        findings.add("logs with holes", name)
    ends = [event.seq for event in log if event.name == "end"]
    if ends != [log[-1].seq]:
        findings.add("jobs without exactly one end, last", f"{name}: end at {ends} of {len(log)}")
        return
    _audit_end(job, orjson.loads(log[-1].data), kept, findings)
    _audit_attempts(job, log, findings)
    _audit_ears(name, log, job.ears, findings)


def _audit_end(job: PostedJob, end: Any, kept: Kept, findings: Findings) -> None:
    how = end["status"]
    if how != kept.status:
        example = f"job {job.id}: {kept.status}, log {how}"
        findings.add("records that differ from their logs", example)
    if (kept.cancel_took_s or 0) > CANCEL_S:
        example = f"job {job.id}: {kept.cancel_took_s:.1f} s"
        findings.add("cancels without end within 5 s", example)
    error = end.get("error", {}).get("type")
    if not {how, error} & job.planned.ends:
        findings.add("jobs that ended in another way than they may", f"job {job.id}: {end}")


def _audit_attempts(job: PostedJob, log: Sequence[Logged], findings: Findings) -> None:
    """Each attempt counts on from the first number of a node, and nobody counts in between."""
    counted: set[int] = set()
    last_attempt, last_first = 0, 1
    for attempt, numbers in attempts(log):
        if attempt <= last_attempt:
            findings.add("attempts live at once", f"job {job.id}: {attempt} after {last_attempt}")
        last_attempt = attempt
        if any(after != before + 1 for before, after in pairwise(numbers)):
            findings.add("attempts live at once", f"job {job.id}, attempt {attempt}: {numbers}")
        if numbers and (numbers[0] not in job.planned.firsts or numbers[0] < last_first):
            example = f"job {job.id}, attempt {attempt} begins at {numbers[0]}"
            findings.add("attempts live at once", example)
        last_first = numbers[0] if numbers else last_first
        counted.update(numbers)
    _audit_gaps(job, log, counted, findings)


def _audit_gaps(
    job: PostedJob, log: Sequence[Logged], counted: set[int], findings: Findings
) -> None:
    """No attempt goes on behind what the ones before it have said."""
    succeeded = orjson.loads(log[-1].data)["status"] == "succeeded"
    last = job.planned.input["count"] if succeeded else max(counted, default=0)
    missing = set(range(1, last + 1)) - counted
    example = f"job {job.id}: {len(missing)}, {sorted(missing)[:9]}"
    findings.add("events that a graph wrote and no log has", example, len(missing))


def attempts(log: Sequence[Logged]) -> list[tuple[int, list[int]]]:
    """What was counted in each attempt, by the attempt's number."""
    found: list[tuple[int, list[int]]] = []
    for event in log:
        if event.name == "status":
            data = orjson.loads(event.data)
            if data["status"] == "running":
                found.append((data["attempt"], []))
        elif event.name == "custom":
            found[-1][1].append(orjson.loads(event.data)["data"]["i"])
    return found


def _audit_ears(name: str, log: Sequence[Logged], ears: Sequence[Ear], findings: Findings) -> None:
    payloads: dict[int, set[bytes]] = {event.seq: {digest(event.name, event.data)} for event in log}
    for ear in ears:
        heard = [event.seq for event in ear.heard]
        missing = payloads.keys() - set(heard)
        findings.add("events lost", f"{name}: {sorted(missing)[:9]}", len(missing))
        repeats = len(heard) - len(set(heard))
        findings.add("events repeated", name, repeats)
        backward = sum(1 for before, after in pairwise(heard) if after < before)
        findings.add("events out of order", name, backward)
        for event in ear.heard:
            payloads.setdefault(event.seq, set()).add(event.digest)
    reused = [seq for seq, seen in payloads.items() if len(seen) > 1]
    findings.add("numbers reused", f"{name}: {reused[:9]}", len(reused))
    for trouble in (trouble for ear in ears for trouble in ear.troubles):
        findings.add("answers outside the protocol", trouble)


def audit_talk(
    talk: Talk,
    logs: Mapping[JobId, Sequence[Logged]],
    order: Sequence[JobId],
    index: Sequence[Indexed],
    findings: Findings,
) -> None:
    """One conversation: its messages, its state, and that its jobs ran one after another."""
    name = f"thread {talk.thread}"
    texts = {message.id: message.text for message in talk.messages}
    if sorted(order) != sorted(texts):
        findings.add("messages lost, doubled or out of order", f"{name}: {order}, said {texts}")
        return
    states = serially([texts[job_id] for job_id in order])
    for job_id, expected in zip(order, states, strict=True):
        end: dict[str, Any] = orjson.loads(logs[job_id][-1].data) if logs[job_id] else {}
        if (end.get("result") or {}).get("said") != expected:
            findings.add("conversations that differ from a serial one", f"{name}: {end}")
    for message in talk.messages:
        _audit_ears(f"job {message.id}", logs[message.id], [message.ear], findings)
    _audit_turns(name, logs, order, index, findings)


def _audit_turns(
    name: str,
    logs: Mapping[JobId, Sequence[Logged]],
    order: Sequence[JobId],
    index: Sequence[Indexed],
    findings: Findings,
) -> None:
    """In the thread's log each job begins after the one before it has ended."""
    numbers = {
        (entry.job_id, seq): entry.number - entry.last + seq
        for entry in index
        for seq in range(entry.first, entry.last + 1)
    }
    if sorted(numbers.values()) != [*range(1, len(numbers) + 1)]:
        findings.add("threads whose numbers have holes", name)
    ended = 0
    for job_id in order:
        runs = [e.seq for e in logs[job_id] if e.name == "status" and b'"running"' in e.data]
        if not runs or numbers[job_id, runs[0]] < ended:
            findings.add("jobs of a thread that ran at once", f"{name}: {job_id}")
        ended = numbers[job_id, logs[job_id][-1].seq] if logs[job_id] else ended


def audit_output(process: str, output: str, findings: Findings) -> None:
    """What a process wrote: its own log is JSON; Python's tracebacks and warnings are not."""
    for line in output.splitlines():
        foreign = not line.startswith("{") and ("Warning: " in line or "Traceback" in line)
        if foreign or '"message":"unexpected error"' in line:
            example = f"{process}: {line if foreign else line[:200] + ' ... ' + line[-200:]}"
            findings.add("crashes and warnings in the processes' output", example)


def delays(record: Record, logs: Mapping[JobId, Sequence[Logged]]) -> Delays:
    """From each worker's death to the next attempt of each job that it held."""
    alone: list[float] = []
    in_company: list[float] = []
    for kill in record.kills:
        for held in kill.held:
            found = _next_attempt(held, logs.get(held.job_id, ()))
            if found is None:
                continue
            attempt, at = found
            undisturbed = attempt == held.attempt + 1 and not _away(record, kill, at)
            (alone if undisturbed else in_company).append(at - kill.at)
    return Delays(tuple(alone), tuple(in_company))


def _next_attempt(held: Held, log: Sequence[Logged]) -> tuple[int, float] | None:
    """The first attempt after the one that was lost, and when it was opened."""
    for event in log:
        if event.name != "status":
            continue
        data: dict[str, Any] = orjson.loads(event.data)
        if data["status"] == "running" and data["attempt"] > held.attempt:
            return data["attempt"], seconds(data["at"])
    return None


def _away(record: Record, kill: Kill, until: float) -> bool:
    return any(began < until and ended > kill.at for began, ended in record.outages)


def late(delays: Delays, lease_s: float) -> list[str]:
    """Which goals for running again are missed."""
    missed: list[str] = []
    if delays.all and median(delays.all) >= lease_s + 0.5:
        missed.append(f"run again: median {median(delays.all):.2f} s, goal {lease_s + 0.5:g} s")
    if delays.alone and max(delays.alone) > lease_s + 2:
        missed.append(f"run again: at most {max(delays.alone):.2f} s, goal {lease_s + 2:g} s")
    return missed


def too_few(plan: Pass, record: Record) -> list[str]:
    """What was planned and not done."""
    return [
        f"{kind}: {record.done[kind]} of {planned}"
        for kind, planned in plan.counts.items()
        if record.done[kind] < planned
    ] + ([f"jobs: {len(record.jobs)} of {plan.jobs}"] if len(record.jobs) < plan.jobs else [])
