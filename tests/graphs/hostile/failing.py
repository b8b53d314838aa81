"""Nodes that fail: a few times, for good, with their process, or in ways nobody thinks of."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import START, StateGraph
from langgraph.types import RetryPolicy


class Trial(TypedDict, total=False):
    notes: str
    """A file that gets a line for every run."""
    fails: int
    """How many runs fail before one succeeds."""
    text: str


class NoException(BaseException):
    """What `except Exception` does not catch."""


async def fail_at_first(trial: Trial) -> Trial:
    with Path(trial.get("notes", os.devnull)).open("a+") as notes:  # noqa: ASYNC230 - other people's code
        notes.write("run\n")
        notes.seek(0)
        runs = len(notes.readlines())
    if runs <= trial.get("fails", 0):
        raise ConnectionError
    return {"text": "at last"}


async def fail_for_good(trial: Trial) -> Trial:
    with Path(trial.get("notes", os.devnull)).open("a") as notes:  # noqa: ASYNC230 - other people's code
        notes.write("run\n")
    raise ValueError


async def kill_process(_: Trial) -> Trial:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


async def exit_process(_: Trial) -> Trial:
    sys.exit(3)


def exit_in_thread(_: Trial) -> Trial:
    sys.exit(3)


async def interrupt_by_key(_: Trial) -> Trial:
    raise KeyboardInterrupt


async def cancel_itself(_: Trial) -> Trial:
    raise asyncio.CancelledError


async def raise_no_exception(_: Trial) -> Trial:
    raise NoException


def raise_no_exception_in_thread(_: Trial) -> Trial:
    raise NoException


async def raise_generator_exit(_: Trial) -> Trial:
    raise GeneratorExit


def stop_iterating(_: Trial) -> Trial:
    raise StopIteration


async def leave_a_callback_that_raises(_: Trial) -> Trial:
    loop = asyncio.get_running_loop()
    loop.call_soon(_raise)
    await asyncio.sleep(0)
    return {"text": "left it"}


def _raise() -> None:
    raise ValueError


def _of_one_node(node: Any, **options: Any) -> Any:
    builder: Any = StateGraph(Trial)
    builder.add_node("node", node, **options)
    builder.add_edge(START, "node")
    return builder.compile()


flaky = _of_one_node(fail_at_first)
flaky_with_policy = _of_one_node(
    fail_at_first, retry_policy=RetryPolicy(initial_interval=0.01, max_attempts=3)
)
hopeless = _of_one_node(fail_for_good)
poison = _of_one_node(kill_process)
exits = _of_one_node(exit_process)
exits_in_thread = _of_one_node(exit_in_thread)
keyboard = _of_one_node(interrupt_by_key)
cancels_itself = _of_one_node(cancel_itself)
no_exception = _of_one_node(raise_no_exception)
no_exception_in_thread = _of_one_node(raise_no_exception_in_thread)
generator_exit = _of_one_node(raise_generator_exit)
stop_iteration = _of_one_node(stop_iterating)
raising_callback = _of_one_node(leave_a_callback_that_raises)
