"""Follows a job from a given event until it ends, or says how to resume later."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from tailrace import ProtocolBroken, ReceivedEvent, Reconnect, Tailrace, Unreachable
from tailrace.cli.exit_codes import exit_code
from tailrace.cli.render import View
from tailrace.cli.terminal import program


async def watch(client: Tailrace, view: View, job_id: str, after: int) -> int:
    """Show the events after number `after`; the exit code is the job's outcome.

    Raises:
        TailraceError: as `Tailrace.events`.
        CancelledError: on Ctrl-C; the view has said how to resume.
    """
    last = ReceivedEvent(after, "", "{}")
    try:
        async with aclosing(client.events(job_id, after, _teller(view))) as events:
            async for event in events:
                view.show(event)
                last = event
                if event.name == "status" and event.fields.get("status") == "waiting":
                    view.note(_how_to_resume(job_id, event))
    except (asyncio.CancelledError, Unreachable):
        view.note(f"to resume: {program()} follow {job_id} --after {last.seq}")
        raise
    if last.name == "end":
        return exit_code(str(last.fields.get("status")))
    return await _known_outcome(client, view, job_id, after)


def reconnecting(note: Reconnect) -> str:
    """A reconnect in words."""
    return f"{note.cause}; resuming after event {note.after} in {note.wait_s:.1f} s"


def _how_to_resume(job_id: str, stop: ReceivedEvent) -> str:
    asked = stop.fields.get("interrupts")
    several = isinstance(asked, list) and len(asked) > 1
    value = "--values '{ID: JSON, ...}'" if several else "--value JSON"
    if asked:
        return f"to resume: {program()} answer {job_id} {value} --after {stop.seq}"
    return f"to continue: {program()} answer {job_id} --after {stop.seq}"


def _teller(view: View) -> Callable[[Reconnect], None]:
    return lambda note: view.note(reconnecting(note))


async def _known_outcome(client: Tailrace, view: View, job_id: str, after: int) -> int:
    """The outcome of a job whose `end` the caller already has."""
    job = await client.job(job_id)
    if job.ended_at is None:
        raise ProtocolBroken(f"the log has nothing after event {after}, but the job has not ended")
    view.note(f"nothing after event {after}: the job has {job.status}")
    return exit_code(job.status)
