"""Changes the state of a thread as LangGraph's `update_state` does: a job that runs no node."""

from typing import Any, Final

from langchain_core.runnables import RunnableConfig
from langgraph.errors import InvalidUpdateError

from tailrace.shared.events import encode
from tailrace.shared.jobs import JobError, JobRequest
from tailrace.worker.attempt.outcomes import Ended
from tailrace.worker.attempt.run_config import forked
from tailrace.worker.catalogue.factories import Graph

_NAMES: Final = ("thread_id", "checkpoint_ns", "checkpoint_id", "checkpoint_map")
"""What names a checkpoint, for whoever asked for it."""


async def updated(
    graph: Graph, config: RunnableConfig, request: JobRequest, *, again: bool
) -> Ended:
    """Change the state; the result names the new checkpoint.

    Args:
        graph: with the thread's checkpointer.
        config: of a run of it.
        request: what to change.
        again: whether a lost attempt has changed it already.

    Raises:
        Exception: whatever the graph's reducers raise.
    """
    wanted = dict(request.update or {})
    at = _at(config, wanted.get("checkpoint_ns") or "")
    try:
        if again:
            found = (await graph.aget_state(at)).config
        else:
            found = await graph.aupdate_state(
                forked(at, request), wanted.get("values"), wanted.get("as_node")
            )
    except InvalidUpdateError as error:
        refusal = JobError("invalid-update", f"LangGraph refuses the update: {error}")
        return Ended("failed", error=refusal)
    named = found.get("configurable", {})
    checkpoint = {name: named[name] for name in _NAMES if name in named}
    return Ended("succeeded", result=encode({"checkpoint": checkpoint}))


def _at(config: RunnableConfig, ns: str) -> RunnableConfig:
    named: dict[str, Any] = {**config.get("configurable", {}), "checkpoint_ns": ns}
    return {**config, "configurable": named}
