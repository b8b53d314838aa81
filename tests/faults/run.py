"""One pass from beginning to end: service, load and faults together, then the audit."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tailrace.shared.jobs import JobId
from tailrace.shared.threads import ThreadName
from tests.faults import audit, report
from tests.faults.audit import Delays, Findings
from tests.faults.cluster import Cluster, running_cluster
from tests.faults.injector import Injector
from tests.faults.load import Load
from tests.faults.plan import Pass
from tests.faults.record import Record
from tests.faults.store_view import Logged
from tests.support.keys import lasting_keys
from tests.support.wait import wait_until

PROGRESS_S: Final = 5.0
TIDY_S: Final = 20.0
"""A lease, the sweep's round, and the 10 s after which it mends."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a pass has shown."""

    plan: Pass
    record: Record
    findings: Findings
    delays: Delays
    cancels: tuple[float, ...]
    """How long each cancel took, in seconds."""

    @property
    def broken(self) -> list[str]:
        """Promises that were not kept, and faults that were not done."""
        promises = [f"{what}: {n}" for what, n in self.findings.counts.items() if n]
        return promises + [f"too few, {line}" for line in audit.too_few(self.plan, self.record)]

    @property
    def failures(self) -> list[str]:
        """Why the pass is none; empty for a good one."""
        return self.broken + audit.late(self.delays, self.plan.lease_s)

    @property
    def table(self) -> list[str]:
        """All figures, and examples of what was broken."""
        lines = report.table(self.plan, self.record, self.findings, self.delays)
        lines.append(report.row("from cancel to end", report.spread(self.cancels)))
        return [*lines, *self.findings.examples]


async def run_pass(plan: Pass, folder: Path) -> Outcome:
    """Do all that is planned, wait for all jobs, and count."""
    record = Record()
    async with running_cluster(folder, plan) as cluster:
        injector = Injector(cluster, plan, record)
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(injector.watch()),
                tasks.create_task(_say_progress(plan, record)),
            ]
            await Load(cluster, plan, record).run(tasks.create_task(injector.run()))
            for task in beside:
                task.cancel()
        return await _audited(plan, cluster, record)


async def _say_progress(plan: Pass, record: Record) -> None:
    while True:
        await asyncio.sleep(PROGRESS_S)
        report.say(report.progress(plan, record))


async def _audited(plan: Pass, cluster: Cluster, record: Record) -> Outcome:
    findings, logs, cancels = Findings(), dict[JobId, list[Logged]](), list[float]()
    await _audit_keys(cluster, findings)
    for job in record.jobs:
        logs[job.id] = await cluster.view.log(job.id)
        kept = await cluster.view.kept(job.id)
        audit.audit_job(job, logs[job.id], kept, findings)
        if kept.cancel_took_s is not None:
            cancels.append(kept.cancel_took_s)
    for talk in record.talks:
        said = {message.id: await cluster.view.log(message.id) for message in talk.messages}
        order, index = await cluster.view.thread(ThreadName("default", talk.thread))
        audit.audit_talk(talk, said, order, index, findings)
    for node in cluster.nodes:
        audit.audit_output(node.process.name, node.process.output(), findings)
    for trouble in record.troubles:
        findings.add("other troubles", trouble)
    return Outcome(plan, record, findings, audit.delays(record, logs), tuple(cancels))


async def _audit_keys(cluster: Cluster, findings: Findings) -> None:
    """The queue is empty in the end, and what has no TTL may be so."""

    async def tidy() -> bool:
        return not await cluster.view.leftovers()

    try:
        await wait_until(tidy, "an empty queue", TIDY_S)
    except AssertionError:
        for left in await cluster.view.leftovers():
            findings.add("keys left behind", left)
    for key in await lasting_keys(cluster.store.url):
        findings.add("keys left behind", f"{key} has no TTL")
