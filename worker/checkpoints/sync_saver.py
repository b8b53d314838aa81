"""The synchronous half of a checkpointer, for nodes that are plain functions.

LangGraph runs those in threads. A node that invokes a graph from there, without `await`, uses the
checkpointer of the graph around it. This module calls back into the event loop; it stores nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from typing import Any, Final, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.serde.base import SerializerProtocol

from tailrace.worker.runtime.from_threads import wait_for

T = TypeVar("T")

_NOT_AWAITED: Final = "an async node has to await the graphs it runs: use ainvoke"


class SyncSaver(BaseCheckpointSaver[str]):
    """A checkpointer whose asynchronous methods serve threads too.

    Created in the event loop that runs its graphs. In that event loop, the synchronous methods
    would wait forever, so they raise there.
    """

    def __init__(self, serde: SerializerProtocol) -> None:
        super().__init__(serde=serde)
        self._loop = asyncio.get_running_loop()

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """`aget_tuple`, from a thread."""
        return self._wait_for(lambda: self.aget_tuple(config))

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """`alist`, from a thread."""
        listed = self.alist(config, filter=filter, before=before, limit=limit)
        return iter(self._wait_for(lambda: _collected(listed)))

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """`aput`, from a thread."""
        return self._wait_for(lambda: self.aput(config, checkpoint, metadata, new_versions))

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """`aput_writes`, from a thread."""
        self._wait_for(lambda: self.aput_writes(config, writes, task_id, task_path))

    def _wait_for(self, call: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return wait_for(call, self._loop, in_loop=RuntimeError(_NOT_AWAITED))


async def _collected(items: AsyncIterator[T]) -> Sequence[T]:
    return [item async for item in items]
