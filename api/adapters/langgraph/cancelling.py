"""How clients cancel runs."""

from typing import Literal

from tailrace.api.adapters.langgraph.views.runs import is_over
from tailrace.api.dependencies import Services
from tailrace.api.jobs.ending import end_job
from tailrace.shared.jobs import Job

Action = Literal["interrupt", "rollback"]
"""What becomes of the state that a cancelled run has made: it stays, or is taken back."""


async def cancel_run(services: Services, job: Job, action: Action) -> None:
    """Ask for the end of a run, if it is not over.

    Raises:
        JobNotFound, StoreUnavailable: as `end_job`.
    """
    if not is_over(job):
        await end_job(services, job.id, rollback=action == "rollback")
