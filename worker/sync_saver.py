"""The synchronous half of a checkpointer, for nodes that are plain functions.

LangGraph runs those in threads. One that invokes a graph itself, without `await`, uses the
checkpointer of the graph around it from there. Owns that way back into the loop, and no storage.
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

from tailrace.shared.errors import StoreUnavailable
from tailrace.worker.insist import FOR_S

T = TypeVar("T")

_WAITS_S: Final = FOR_S + 15
"""Longer than a call insists, so that the call's own error comes first."""


class SyncSaver(BaseCheckpointSaver[str]):
    """A checkpointer whose asynchronous methods serve threads too.

    Made in the loop in which its graphs run. Called in that loop itself, the synchronous methods
    would wait for ever, so there they raise.
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
        if _running_loop() is self._loop:
            raise RuntimeError("an async node has to await the graphs that it runs: use ainvoke")

        async def called() -> T:
            return await call()

        future = asyncio.run_coroutine_threadsafe(called(), self._loop)
        try:
            return future.result(_WAITS_S)
        except TimeoutError as error:
            future.cancel()
            raise StoreUnavailable("the worker's loop is blocked") from error


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


async def _collected(items: AsyncIterator[T]) -> Sequence[T]:
    return [item async for item in items]
