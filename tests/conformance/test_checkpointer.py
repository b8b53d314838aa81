"""Our checkpointer against LangGraph's own suite for checkpointers: base set and all extensions."""

from collections.abc import AsyncGenerator

import pytest
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.conformance.capabilities import Capability
from redis.asyncio import Redis

from tailrace.shared.log_store.checkpoints.checkpoint_store import CheckpointStore
from tailrace.shared.settings import SharedSettings
from tailrace.worker.checkpoints.saver import CheckpointSaver


@pytest.mark.parametrize("capability", [capability.value for capability in Capability])
async def test_the_checkpointer_has_every_capability_that_langgraph_tests(
    redis: Redis, capability: str
) -> None:
    @checkpointer_test(name="tailrace")
    async def ours() -> AsyncGenerator[CheckpointSaver]:
        yield CheckpointSaver(CheckpointStore(redis, SharedSettings()))

    report = await validate(ours, capabilities={capability})
    result = report.results[capability]
    assert result.detected, f"{capability} is not implemented"
    assert not result.failures
    assert result.tests_passed > 0
