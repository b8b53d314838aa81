"""`python -m tailrace.deploy.local`: everything on this machine, until Ctrl-C."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack

from dotenv import load_dotenv

from tailrace.deploy.local.arguments import Arguments, read_arguments
from tailrace.deploy.local.console import Console
from tailrace.deploy.local.data_dir import DataDir
from tailrace.deploy.local.errors import LocalError
from tailrace.deploy.local.install import install
from tailrace.deploy.local.model_file import fetch
from tailrace.deploy.local.plan import Plan, make_plan
from tailrace.deploy.local.project import open_project
from tailrace.deploy.local.supervisor import Supervisor

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

ONE_SIGNAL_S = 0.5
"""A wrapper passes on the signal that the terminal has sent too: within this it is the same one."""


def main() -> int:
    """Run until a signal ends it; the exit status."""
    given = dict(os.environ)
    load_dotenv(".env", override=False)
    asked = read_arguments()
    try:
        return _run(asked, given)
    except LocalError as error:
        sys.stderr.write(f"tailrace: {error}\n")
        return 1
    except KeyboardInterrupt:
        # Before the run took over the signals: there is nothing to end yet.
        return 0


def _run(asked: Arguments, given: Mapping[str, str]) -> int:
    project = open_project(asked.graphs)
    if asked.install:
        install(project)
    if asked.local_model:
        fetch()
    with ExitStack() as stack:
        folder = None
        if asked.redis is None:
            folder = DataDir.claim(asked.data)
            stack.callback(folder.release)
        plan = make_plan(asked, folder, project, given)
        return 0 if asyncio.run(_supervise(plan)) else 1


async def _supervise(plan: Plan) -> bool:
    def nobody_reads() -> None:
        # What is left in the buffer must not fail once more when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        supervisor.stop()

    console = Console(sys.stdout, _coloured(), nobody_reads)
    supervisor = Supervisor(plan.tiers, console, plan.watched)
    _obey_signals(supervisor, console)
    for warning in plan.warnings:
        console.say(warning)
    return await supervisor.run(plan.ready_line)


def _obey_signals(supervisor: Supervisor, console: Console) -> None:
    """The first signal ends the run in order, a second one at once."""
    loop = asyncio.get_running_loop()
    first: list[float] = []

    def on_signal() -> None:
        if not first:
            first.append(time.monotonic())
            console.say("stopping")
            supervisor.stop()
        elif time.monotonic() - first[0] > ONE_SIGNAL_S:
            supervisor.kill()

    for number in ENDING:
        loop.add_signal_handler(number, on_signal)


def _coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


if __name__ == "__main__":
    sys.exit(main())
