"""What happens to a job whose graph this worker does not serve, or could not load."""

import random
from dataclasses import dataclass
from typing import Final

from tailrace.shared.errors import StoreUnavailable
from tailrace.shared.jobs import Job, JobError
from tailrace.shared.queue_store import catalogue
from tailrace.shared.redis.connection import Client
from tailrace.worker.attempt.outcomes import Again, Ended, Outcome
from tailrace.worker.catalogue.registry import BrokenGraph, Registry
from tailrace.worker.settings import WorkerSettings

_UNKNOWN: Final = JobError("unknown-graph", "No worker serves this graph.")


@dataclass(frozen=True, slots=True)
class Unserved:
    """Decides by what other workers announce."""

    registry: Registry
    queue_store: Client
    settings: WorkerSettings

    async def outcome(self, job: Job) -> Outcome:
        """Leave the job to another worker that can run the graph; this counts as no failure.

        A graph that is broken everywhere is a temporary error, which the next deployment may fix:
        so the pause is the longest one. A graph that nobody knows ends the job.
        """
        if await self._is_served_elsewhere(job.request.graph):
            return Again("retry", delay_s=self._pause_s(job), yields=True)
        broken = self.registry.broken.get(job.request.graph)
        if broken is None:
            return Ended("failed", error=_UNKNOWN)
        if job.failures + 1 >= job.request.max_attempts:
            return Ended("failed", error=_error(broken))
        return Again("retry", failures=1, delay_s=self.settings.backoff_max_s)

    async def _is_served_elsewhere(self, name: str) -> bool:
        try:
            return name in (await catalogue.read(self.queue_store)).served
        except StoreUnavailable:
            # Unknown: the job keeps its chance.
            return True

    def _pause_s(self, job: Job) -> float:
        longest = self.settings.backoff_s * 2 ** min(job.attempt - 1, 6)
        return random.uniform(0, min(longest, self.settings.backoff_max_s))  # noqa: S311 - spreads load, keeps no secret


def _error(broken: BrokenGraph) -> JobError:
    return JobError(
        "graph-broken", f"No worker could load the graph. Reference: {broken.reference}"
    )
