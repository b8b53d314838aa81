"""Nodes that take their time: until a file is there, in a thread, on the loop, against all orders.

A graph is told by its input where to wait and where to note that it ran.
"""

import asyncio
import time
from pathlib import Path
from typing import Any, TypedDict

from langgraph.config import get_stream_writer
from langgraph.graph import START, StateGraph

LOOK_EVERY_S = 0.01


class Plan(TypedDict, total=False):
    gate: str
    """A file: what waits at it goes on once it is there."""
    notes: str
    """A file that gets a line for every node that runs."""
    for_s: float
    text: str


def note(plan: Plan, word: str) -> None:
    if path := plan.get("notes"):
        with Path(path).open("a") as notes:
            notes.write(f"{word}\n")


async def gate_is_open(plan: Plan) -> None:
    while not Path(plan.get("gate", "")).exists():  # noqa: ASYNC110, ASYNC240 - other people's code
        await asyncio.sleep(LOOK_EVERY_S)


async def wait_at_gate(plan: Plan) -> Plan:
    note(plan, "gate")
    get_stream_writer()("at the gate")
    await gate_is_open(plan)
    return {"text": "through"}


async def first(plan: Plan) -> Plan:
    note(plan, "first")
    return {"text": "first"}


async def last(plan: Plan) -> Plan:
    note(plan, "last")
    return {"text": plan.get("text", "") + ", last"}


def sleep_in_thread(plan: Plan) -> Plan:
    note(plan, "thread")
    get_stream_writer()("in a thread")
    time.sleep(plan.get("for_s", 0.0))  # noqa: TID251 - the fault itself
    return {"text": "slept"}


async def sleep_on_loop(plan: Plan) -> Plan:
    note(plan, "loop")
    get_stream_writer()("on the loop")
    await asyncio.sleep(0.1)
    time.sleep(plan.get("for_s", 0.0))  # noqa: ASYNC251, TID251 - the fault itself
    return {"text": "slept"}


async def obey_nobody(plan: Plan) -> Plan:
    note(plan, "obstinate")
    get_stream_writer()("obeying nobody")
    until = time.monotonic() + plan.get("for_s", 0.0)
    while time.monotonic() < until:
        try:
            await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            continue
    return {"text": "done"}


def _of_one_node(node: Any) -> Any:
    builder: Any = StateGraph(Plan)
    builder.add_node("node", node)
    builder.add_edge(START, "node")
    return builder.compile()


def _staged() -> Any:
    builder: Any = StateGraph(Plan)
    builder.add_sequence([("first", first), ("gate", wait_at_gate), ("last", last)])
    builder.add_edge(START, "first")
    return builder.compile()


gated = _of_one_node(wait_at_gate)
threaded = _of_one_node(sleep_in_thread)
loop_blocking = _of_one_node(sleep_on_loop)
obstinate = _of_one_node(obey_nobody)
staged = _staged()
