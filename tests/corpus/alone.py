"""A graph run by LangGraph itself: what the service has to do the same.

Its parts go through the service's own encoding, so that like is compared with like.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, cast

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command

from tailrace.shared.errors import Unserializable
from tailrace.shared.events import decode, encode
from tailrace.shared.jobs import new_job_id
from tailrace.worker.attempt.failures.verdict import explain
from tailrace.worker.attempt.stream.translate import translate
from tests.corpus.case import AnyGraph, Case
from tests.corpus.counting import counted
from tests.corpus.normal import Told
from tests.corpus.observed import Observed, Stopped

FAILURES: Final = 3
"""A job's `max_attempts`: so often may it meet what may pass."""
STOPS: Final = 50
LIMIT: Final = 100
"""The service's `recursion_limit`, where neither the job nor the graph has one."""


@dataclass(frozen=True, slots=True)
class How:
    """How a run is run, the same on both sides."""

    modes: Sequence[str]
    durability: str = "async"


class _Serializer(JsonPlusSerializer):
    """LangGraph's own; what it can't keep is called what the service calls it."""

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        try:
            return super().dumps_typed(obj)
        except (TypeError, ValueError) as error:
            raise Unserializable(type(obj).__name__) from error


async def run_alone(case: Case, how: How) -> Observed:
    """Run a graph until it ends, with every question answered."""
    made, thread = case.make(), str(new_job_id())
    saver = InMemorySaver(serde=_Serializer())
    graph: Any = made.copy({"checkpointer": saver, "store": InMemoryStore()})
    seen, failures, start = Observed(), 0, case.input
    config = config_of(case, graph, thread)
    while seen.outcome == "running" and len(seen.stops) < STOPS:
        failed = await _part(graph, start, config, case, how, seen)
        start = None
        if failed is not None:
            failures += 1
            if failed.endswith("False") or failures == FAILURES:
                seen.outcome, seen.error = "failed", failed
            elif graph.checkpointer.get_tuple(config) is None:
                start = case.input
            continue
        start = await _after(graph, config, case, seen)
    seen.ran = counted(thread)
    return seen


def config_of(case: Case, graph: AnyGraph, thread: str) -> Any:
    """The configuration of a run: the job's, else the graph's, else the service's."""
    own = cast("Mapping[str, Any]", graph.config or {})
    limit = case.config.get("recursion_limit") or own.get("recursion_limit") or LIMIT
    return {
        "configurable": {**case.config.get("configurable", {}), "thread_id": thread},
        "tags": list(case.config.get("tags", [])),
        "metadata": dict(case.metadata),
        "recursion_limit": limit,
    }


async def _part(
    graph: Any, start: Any, config: Any, case: Case, how: How, seen: Observed
) -> str | None:
    """Run on until it stops; what went wrong, as it is told."""
    told: list[Told] = []
    seen.parts.append(told)
    try:
        async with aclosing(_stream(graph, start, config, case, how)) as parts:
            async for part in parts:
                if part["type"] == "values" and not part["ns"]:
                    seen.result = part["data"]
                if part["type"] in how.modes:
                    told += [Told(event.name, decode(event.data)) for event in translate(part)]
        seen.result = decode(encode(_output(graph, seen.result)))
    except Exception as error:  # noqa: BLE001 - whatever a graph may raise
        failure = explain(error, new_job_id()).error
        seen.result = None
        return f"{failure.type} {failure.retryable}"
    return None


def _stream(
    graph: Any, start: Any, config: Any, case: Case, how: How
) -> AsyncGenerator[Mapping[str, Any]]:
    modes = list(dict.fromkeys([*how.modes, "values", "tasks"]))
    more = {"durability": how.durability, "subgraphs": True, "version": "v2", **case.asked}
    return graph.astream(start, config, stream_mode=modes, **more)


def _output(graph: Any, values: Any) -> Any:
    """The part of a state that `ainvoke` returns: what is streamed as `values` may be more."""
    wanted = graph.output_channels
    if isinstance(wanted, str) or not isinstance(values, dict):
        return values
    state = cast("dict[str, Any]", values)
    return {name: state[name] for name in wanted if name in state}


async def _after(graph: Any, config: Any, case: Case, seen: Observed) -> Any:
    """What to go on with, where it waits; else it has succeeded."""
    state = await graph.aget_state(config, subgraphs=True)
    if not state.next:
        seen.outcome = "succeeded"
        return None
    seen.result = None
    questions = [decode(encode(asked.value)) for asked in state.interrupts]
    seen.stops.append(Stopped(questions, list(state.next)))
    answers = map(case.answer, questions)
    given = dict(zip((asked.id for asked in state.interrupts), answers, strict=True))
    return Command(resume=given) if given else None
