import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, cast, get_args

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.graph import START, StateGraph
from redis.asyncio import Redis

from tailrace.shared.events import LoggedEvent
from tailrace.shared.jobs import (
    DEFAULT_STREAM,
    Durability,
    Holder,
    Job,
    JobId,
    JobRequest,
    StreamMode,
    new_job_id,
)
from tailrace.shared.log_store.events.event_log import EventLog
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.queue_store.queue.job_queue import Claim
from tailrace.shared.redis import keys
from tailrace.worker.attempt.attempt import Attempt, Stop
from tailrace.worker.attempt.execution import Execution
from tailrace.worker.attempt.outcomes import Again, Behind, Done, Lost, Verdict
from tailrace.worker.attempt.runner import Runner
from tailrace.worker.attempt.unserved import Unserved
from tailrace.worker.catalogue.factories import GraphSource
from tailrace.worker.catalogue.registry import Registry
from tailrace.worker.checkpoints.checkpoints import Checkpoints
from tailrace.worker.settings import WorkerSettings
from tailrace.worker.store.graph_store import GraphStores
from tests.support.graphs import their_graphs
from tests.support.jobs import Stores, request
from tests.support.wait import wait_until

HIDDEN = (b"sk-secret", b"/srv/x", b"u:p@h", b"Traceback", b"Exception")
MODES: tuple[StreamMode, ...] = get_args(StreamMode)
TEXT = {"text": "hello"}


@dataclass(frozen=True)
class Worker:
    """A runner without a queue before it: tests hand it the attempts."""

    runner: Runner
    stores: Stores

    async def posted(self, wanted: JobRequest) -> Attempt:
        job_id = new_job_id()
        await self.stores.jobs.create(job_id, "tenant", wanted)
        return Attempt(Claim(job_id, 1))

    async def run(
        self, graph: str, value: Any, stream: Sequence[StreamMode] = DEFAULT_STREAM, **fields: Any
    ) -> "Ran":
        wanted = replace(request(graph, value, stream), **fields)
        attempt = await self.posted(wanted)
        async with asyncio.timeout(20):
            verdict = await self.runner.run(attempt)
        return await self.ran(attempt.claim.job_id, verdict)

    async def ran(self, job_id: JobId, verdict: Verdict) -> "Ran":
        job, events = await self.stores.jobs.get(job_id), await self.stores.events(job_id)
        assert [event.seq for event in events] == list(range(1, job.seq + 1))
        return Ran(verdict, job, events)

    @asynccontextmanager
    async def started(self, graph: str, until: bytes) -> AsyncGenerator[tuple[Attempt, list[Any]]]:
        """Run the graph beside the body, which begins when the log holds `until`."""
        attempt, verdict = await self.posted(request(graph, TEXT)), list[Any]()

        async def run() -> None:
            verdict.append(await self.runner.run(attempt))

        async def said() -> bool:
            events = await self.stores.log.read(attempt.claim.job_id, after=0)
            return any(until in event.data for event in events)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(run())
            await wait_until(said, f"{until!r} in the log")
            yield attempt, verdict


@dataclass(frozen=True)
class Ran:
    """What one attempt left."""

    verdict: Verdict
    job: Job
    events: list[LoggedEvent]

    @property
    def names(self) -> list[str]:
        return [event.name for event in self.events]

    @property
    def statuses(self) -> list[str]:
        told = [event for event in self.events if event.name in ("status", "end")]
        return [json.loads(event.data)["status"] for event in told]

    @property
    def error(self) -> tuple[str, str]:
        assert self.job.error is not None
        return self.job.error.type, self.job.error.detail


@pytest.fixture
def registry() -> Registry:
    return their_graphs()


@pytest.fixture
async def worker(redis: Redis, registry: Registry) -> Worker:
    return make_worker(redis, registry)


def make_worker(redis: Redis, registry: Registry, **limits: Any) -> Worker:
    settings = WorkerSettings.model_validate({"backoff_s": 0.001, **limits})
    jobs, log = JobStore(redis, settings), EventLog(redis, settings)
    unserved, checkpoints = Unserved(registry, redis, settings), Checkpoints(redis, settings)
    execution = Execution(registry, checkpoints, settings, unserved, GraphStores(redis))
    kept = Stores(redis, jobs, log, settings)
    return Worker(Runner(execution, kept.journals, "worker"), kept)


@pytest.mark.parametrize(("asked", "stored"), [(None, False), ("sync", True), ("async", True)])
async def test_a_job_s_own_durability_decides(
    redis: Redis, asked: Durability | None, stored: bool
) -> None:
    seen: list[bool] = []

    async def has_state(job_id: str) -> bool:
        return await cast("Any", redis).hexists(keys.checkpoints(job_id), "head:")

    async def look(_: dict[str, Any], config: RunnableConfig) -> None:
        job_id = config.get("configurable", {})["thread_id"]
        if asked == "async":
            await wait_until(lambda: has_state(job_id), "a checkpoint, while the graph runs")
        seen.append(await has_state(job_id))

    def first(_: dict[str, Any]) -> None:
        return None

    graph: Any = cast("Any", StateGraph)(dict)
    graph.add_node(first).add_node(look)
    graph.add_edge(START, "first").add_edge("first", "look")
    registry = Registry({"look": GraphSource.of("look", "", graph)})
    # This worker's own setting stores nothing before the end.
    worker = make_worker(redis, registry, durability="exit")
    ran = await worker.run("look", {"text": "x"}, durability=asked)

    assert ran.job.status == "succeeded"
    assert seen == [stored]


@pytest.mark.parametrize(
    ("graph", "told"),
    [
        ("nested", {"outcome": "succeeded"}),
        ("secretive", {"outcome": "failed", "error": "internal"}),
        ("asks", {"outcome": "waiting"}),
    ],
)
async def test_the_log_tells_how_an_attempt_ended_and_whose_it_was(
    worker: Worker, graph: str, told: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "tailrace.worker.attempt.runner")
    ran = await worker.run(graph, {"path": []} if graph == "nested" else TEXT)

    [line] = [vars(record) for record in caplog.records if record.message == "attempt ended"]
    told |= {"job_id": ran.job.id, "tenant": "tenant", "graph": graph, "worker": "worker"}
    assert told.items() <= line.items()
    assert (line["attempt"], line.get("error")) == (1, told.get("error"))
    assert 0 < line["duration_s"] < 60


async def test_a_run_leaves_its_events_its_result_and_its_end(worker: Worker) -> None:
    ran = await worker.run("nested", {"path": []})

    assert ran.names == ["status", "status", "updates", "custom", "updates", "updates", "end"]
    assert ran.statuses == ["queued", "running", "succeeded"]
    assert ran.verdict == Done()
    assert json.loads(ran.job.result or b"") == {"path": ["first", "first", "inner"]}
    assert ran.events[-1].data == b'{"status":"succeeded","result":%b}' % (ran.job.result or b"")


@pytest.mark.parametrize(
    ("graph", "value", "result"),
    [
        ("typed", {"item": "wheel", "count": 1}, {"item": "wheel", "count": 2}),
        ("uncompiled", {"item": "wheel"}, {"item": "wheel", "count": 1}),
        ("modelled", {"name": "Ada"}, {"name": "Ada", "age": 1}),
        ("configured", TEXT, {"text": "hello hello"}),
        ("awaited", TEXT, {"text": "awaited hello"}),
        ("held", TEXT, {"text": "held hello"}),
        ("functional", "run", "RUN!"),
    ],
)
async def test_graphs_of_every_form_give_their_result(
    worker: Worker, graph: str, value: Any, result: Any
) -> None:
    ran = await worker.run(graph, value)

    assert ran.job.status == "succeeded"
    assert json.loads(ran.job.result or b"") == result


async def test_the_configuration_of_the_job_reaches_the_graph(worker: Worker) -> None:
    config = {"configurable": {"word": "bye"}, "tags": ["t"], "recursion_limit": 5}
    ran = await worker.run("configured", TEXT, config=config)

    assert json.loads(ran.job.result or b"") == {"text": "bye hello"}


@pytest.mark.parametrize("mode", MODES)
async def test_a_log_holds_the_modes_that_were_asked_for_and_no_other(
    worker: Worker, mode: StreamMode
) -> None:
    chat = await worker.run("chat", {"messages": "hello"}, stream=[mode])
    nested = await worker.run("nested", {"path": []}, stream=[mode])

    assert {*chat.names, *nested.names} == {"status", mode, "end"}
    assert chat.job.result
    assert nested.job.result


async def test_a_graph_that_nobody_serves_ends_as_failed(worker: Worker) -> None:
    ran = await worker.run("nobody", {})

    assert ran.error[0] == "unknown-graph"
    assert ran.names == ["status", "status", "end"]


@pytest.mark.parametrize("graph", ["secretive", "secretive_child"])
async def test_what_a_graph_raises_is_in_the_log_of_the_worker_alone(
    worker: Worker, graph: str, caplog: pytest.LogCaptureFixture
) -> None:
    ran = await worker.run(graph, TEXT, stream=MODES)
    kept = await worker.stores.fields(ran.job.id)

    assert ran.error[0] == "internal"
    shown = b"".join(event.data for event in ran.events) + json.dumps(kept).encode()
    assert [hidden for hidden in HIDDEN if hidden in shown] == []
    [record] = [record for record in caplog.records if record.exc_info]
    assert vars(record)["reference"] in ran.error[1]


@pytest.mark.parametrize("stream", [("updates",), ("values",), ("custom",)], ids=str)
@pytest.mark.parametrize(
    ("graph", "place"),
    [
        ("as_object", "value.parts[1]: "),
        ("as_big_number", "value: Integer exceeds"),
        ("as_cycle", "value"),
    ],
)
async def test_what_cannot_be_written_ends_its_job_and_is_named_by_its_place(
    worker: Worker, graph: str, place: str, stream: tuple[StreamMode, ...]
) -> None:
    ran = await worker.run(graph, {"value": None}, stream=stream)

    assert ran.error[0] == "unserializable"
    assert place in ran.error[1]


async def test_a_node_that_cancels_itself_ends_its_job(worker: Worker) -> None:
    ran = await worker.run("cancels_itself", TEXT)

    assert ran.statuses[-1] == "failed"
    assert ran.verdict == Done()
    assert "sk-secret" not in ran.error[1]


async def test_a_node_that_times_out_by_itself_is_tried_again_and_then_fails(
    worker: Worker,
) -> None:
    ran = await worker.run("times_out_itself", TEXT)
    assert isinstance(ran.verdict, Again)
    assert ran.statuses[-1] == "queued"

    for number in (2, 3):
        verdict = await worker.runner.run(Attempt(Claim(ran.job.id, number)))
        ran = await worker.ran(ran.job.id, verdict)
    assert (ran.statuses[-1], ran.error[0]) == ("failed", "unavailable")
    assert ran.verdict == Done()


async def test_an_input_in_which_there_is_nothing_ends_its_job(worker: Worker) -> None:
    ran = await worker.run("typed", None)

    assert ran.error[0] == "invalid-input"


@pytest.mark.parametrize(
    ("graph", "fields", "words"),
    [
        ("modelled", {"value": {"name": ""}}, "name: String should have at least 1 character"),
        ("modelled", {"value": {}}, "name: Field required"),
        ("chat", {"value": {"messages": [{"role": "nobody", "content": "x"}]}}, "'nobody'"),
        ("with_model", {"value": {}, "context": {"words": 5}}, "words: Input should be a valid"),
        ("with_dataclass", {"value": {}, "context": {"usr": 1}}, "unexpected keyword"),
        ("typed", {"value": TEXT, "interrupt_before": ("count",)}, "there are count_up"),
    ],
)
async def test_what_only_the_graph_can_refuse_ends_its_job_in_the_words_of_who_refused(
    worker: Worker, graph: str, fields: dict[str, Any], words: str
) -> None:
    ran = await worker.run(graph, **fields)

    assert ran.error[0] == "invalid-input"
    assert words in ran.error[1]
    assert ran.statuses == ["queued", "running", "failed"]


async def test_a_graph_over_its_recursion_limit_ends_its_job(worker: Worker) -> None:
    config: dict[str, Any] = {"configurable": {}, "tags": [], "recursion_limit": 1}
    ran = await worker.run("nested", {"path": []}, config=config)

    assert ran.error[0] == "recursion-limit"


@pytest.mark.parametrize(
    ("graph", "context", "seen"),
    [
        ("with_dataclass", {"user_id": "u"}, ["u", 1]),
        ("with_dataclass", {"user_id": "u", "level": 7}, ["u", 7]),
        ("with_model", {"words": ["soft"]}, ["soft"]),
        ("with_typed_dict", {"town": "Ulm"}, "Ulm"),
        ("without_schema", {"any": 1}, {"any": 1}),
        ("without_schema", {}, None),  # as LangGraph has it
        ("without_schema", None, None),
    ],
)
async def test_the_context_of_the_job_reaches_its_nodes_in_the_graphs_own_form(
    worker: Worker, graph: str, context: Any, seen: Any
) -> None:
    ran = await worker.run(graph, {}, context=context)

    assert json.loads(ran.job.result or b"{}").get("seen") == seen


async def test_a_node_learns_which_run_it_is_in_whose_and_what_its_graph_and_caller_set(
    worker: Worker,
) -> None:
    asked = {"configurable": {"mode": "caller's"}, "tags": ["caller"]}
    ran = await worker.run("telling", {}, config=asked, metadata={"m": 1})
    seen, job_id = json.loads(ran.job.result or b"{}")["seen"], ran.job.id

    assert seen["configurable"] == {
        "thread_id": job_id,
        "run_id": job_id,
        "graph_id": "telling",
        "tenant": "tenant",
        "langgraph_auth_user_id": "tenant",
        "own": "graph's",
        "mode": "caller's",
    }
    assert (seen["user"], seen["graph"]) == ("tenant", "telling")
    assert {"graph", "caller"} <= set(seen["tags"])
    assert (
        seen["metadata"].items()
        >= {"g": 1, "m": 1, "run_id": job_id, "graph_id": "telling", "run_attempt": 1}.items()
    )


@pytest.mark.parametrize("mode", ["tasks", "checkpoints", "debug"])
async def test_events_tell_nobody_whose_the_job_is(worker: Worker, mode: StreamMode) -> None:
    for graph in ("nested", "without_schema"):
        ran = await worker.run(graph, {"path": []}, stream=[mode], metadata={"m": 1})
        told = b"".join(event.data for event in ran.events if event.name == mode)

        assert b'"m":1' in told or mode == "checkpoints"
        assert not any(name in told for name in (b"tenant", b"langgraph_auth", b"run_id"))


@pytest.mark.parametrize(
    ("graph", "asked", "outcome"),
    [
        ("walking", {}, "failed"),
        ("walking", {"recursion_limit": 400}, "succeeded"),
        ("far_walking", {}, "succeeded"),
        ("far_walking", {"recursion_limit": 100}, "failed"),
    ],
)
async def test_the_limit_of_steps_is_the_callers_else_the_graphs_own_else_ours(
    worker: Worker, graph: str, asked: dict[str, Any], outcome: str
) -> None:
    ran = await worker.run(graph, {}, config=asked, stream=("custom",))

    assert ran.job.status == outcome
    assert outcome == "succeeded" or ran.error[0] == "recursion-limit"


@pytest.mark.parametrize(
    ("limit", "error"),
    [
        ({"max_events": 50}, "too-many-events"),
        ({"max_log_bytes": 5000}, "log-too-large"),
        ({"max_event_bytes": 50}, "event-too-large"),
    ],
    ids=str,
)
async def test_a_graph_that_floods_is_ended_by_its_limit(
    redis: Redis, registry: Registry, limit: dict[str, int], error: str
) -> None:
    ran = await make_worker(redis, registry, **limit).run("flooding", TEXT)

    assert ran.error[0] == error
    assert ran.job.seq <= 51


async def test_a_result_over_its_limit_fails_the_job(redis: Redis, registry: Registry) -> None:
    worker = make_worker(redis, registry, max_result_bytes=10)
    ran = await worker.run("typed", {"item": "wheel", "count": 1})

    assert ran.error[0] == "result-too-large"
    assert ran.job.result is None


@pytest.mark.parametrize(("graph", "said"), [("endless", b"waiting"), ("blocking", b"blocking")])
async def test_a_cancelled_job_ends_as_cancelled(worker: Worker, graph: str, said: bytes) -> None:
    async with worker.started(graph, said) as (attempt, verdict):
        await worker.stores.jobs.cancel(attempt.claim.job_id)
        attempt.interrupt(Stop.CANCELLED)

    ran = await worker.ran(attempt.claim.job_id, verdict[0])
    assert ran.statuses == ["queued", "running", "cancelled"]
    assert ran.verdict == Done()


@pytest.mark.parametrize("graph", ["endless", "blocking", "flooding"])
async def test_a_job_over_its_time_ends_as_failed(worker: Worker, graph: str) -> None:
    ran = await worker.run(graph, TEXT, timeout_s=0.1)

    assert ran.error[0] == "timeout"
    assert ran.verdict == Done()


async def test_a_worker_that_goes_gives_its_job_back_without_a_failure(worker: Worker) -> None:
    async with worker.started("endless", b"waiting") as (attempt, verdict):
        attempt.interrupt(Stop.SHUTDOWN)

    ran = await worker.ran(attempt.claim.job_id, verdict[0])
    assert ran.verdict == Again("shutdown")
    assert ran.statuses == ["queued", "running", "queued"]
    assert ran.job.failures == 0


async def test_a_runner_whose_job_is_anothers_stops_and_leaves_the_log_alone(
    worker: Worker,
) -> None:
    async with worker.started("flooding", b"x") as (attempt, verdict):
        rival = Holder(attempt.claim.job_id, 2, "rival")
        opened = await worker.stores.jobs.open_attempt(rival)

    ran = await worker.ran(attempt.claim.job_id, verdict[0])
    assert ran.verdict == Lost()
    assert ran.job.seq == opened.seq


async def test_an_attempt_that_the_log_has_seen_pass_runs_nothing(worker: Worker) -> None:
    attempt = await worker.posted(request("nested", {"path": []}))
    await worker.stores.jobs.open_attempt(Holder(attempt.claim.job_id, 2, "successor"))

    ran = await worker.ran(attempt.claim.job_id, await worker.runner.run(attempt))
    assert ran.verdict == Behind(2)
    assert ran.names == ["status", "status"]


async def test_an_attempt_that_is_lost_before_it_has_opened_counts_as_no_failure(
    worker: Worker,
) -> None:
    attempt = await worker.posted(request("nested", {"path": []}))
    attempt.interrupt(Stop.LOST)
    await worker.runner.run(attempt)

    job_id = attempt.claim.job_id
    job = await worker.stores.jobs.open_attempt(Holder(job_id, 2, "successor"))
    assert (job.failures, [e.name for e in await worker.stores.events(job_id)]) == (
        0,
        ["status", "status"],
    )


async def test_a_job_cancelled_in_the_queue_is_not_run(worker: Worker) -> None:
    attempt = await worker.posted(request("nested", {"path": []}))
    await worker.stores.jobs.cancel(attempt.claim.job_id)

    ran = await worker.ran(attempt.claim.job_id, await worker.runner.run(attempt))
    assert ran.verdict == Done()
    assert ran.names == ["status", "end"]


async def test_a_question_puts_the_job_to_sleep_and_its_answer_goes_on(worker: Worker) -> None:
    asked = await worker.run("asks", TEXT)
    assert (asked.verdict, asked.statuses[-1]) == (Done(), "waiting")
    [question] = asked.job.pause.interrupts
    assert question.value == "Shall the gate be opened?"

    await worker.stores.jobs.resume(asked.job, {question.id: "yes"})
    verdict = await worker.runner.run(Attempt(Claim(asked.job.id, 2)))
    ran = await worker.ran(asked.job.id, verdict)
    assert ran.statuses[-3:] == ["queued", "running", "succeeded"]
    assert json.loads(ran.job.result or b"") == {"text": "yes"}
