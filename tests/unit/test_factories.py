"""A graph's factory in every form that LangGraph's server takes, called for each run."""

import asyncio
import functools
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Annotated, Any, TypedDict

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.config import get_config, get_store
from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime
from langgraph.store.memory import InMemoryStore
from langgraph_sdk.runtime import ServerRuntime

from tailrace.shared.errors import ConfigurationError
from tailrace.worker.catalogue.factories import Call, GraphSource

if TYPE_CHECKING:
    from collections.abc import Callable

STORE = InMemoryStore()


class Text(TypedDict):
    text: str


def builder(word: object) -> Any:
    def say(state: Text) -> Text:
        return {"text": f"{word} {state['text']}"}

    return StateGraph(Text).add_node("say", say).add_edge(START, "say")


def user(config: RunnableConfig) -> str:
    return config.get("configurable", {})["user_id"]


def nothing() -> Any:
    return builder("nothing").compile()


def uncompiled() -> Any:
    return builder("uncompiled")


def by_annotation(settings: RunnableConfig) -> Any:
    return builder(user(settings))


def by_name(config: Any) -> Any:
    return builder(user(config))


def by_being_alone(anything: Any) -> Any:
    return builder(user(anything))


def server_runtime(r: ServerRuntime[Any]) -> Any:
    assert r.execution_runtime is not None
    return builder(r.execution_runtime.context["user_id"])


def lazy_annotation(r: "ServerRuntime[Any]") -> Any:
    return server_runtime(r)


def annotated(r: Annotated[ServerRuntime[Any], "why"]) -> Any:
    return server_runtime(r)


def plain_runtime(r: Runtime[Any]) -> Any:
    return builder(r.context["user_id"])


def runtime_by_name(runtime: Any) -> Any:
    return server_runtime(runtime)


def both(config: RunnableConfig, runtime: ServerRuntime[Any]) -> Any:
    assert runtime.execution_runtime is not None
    assert user(config) == runtime.execution_runtime.context["user_id"]
    return builder(user(config))


def both_in_the_other_order(runtime: ServerRuntime[Any], config: RunnableConfig) -> Any:
    return both(config, runtime)


def both_by_name(config: Any, runtime: Any) -> Any:
    return both(config, runtime)


def both_by_the_runtime(settings: dict[str, Any], r: ServerRuntime[Any]) -> Any:
    return both(settings, r)  # type: ignore[arg-type]


def optional(config: RunnableConfig | None = None) -> Any:
    return builder(user(config or {}))


def with_a_default(config: RunnableConfig, model: str = "small") -> Any:
    return builder(user(config) if model == "small" else model)


def through_the_context() -> Any:
    assert get_store() is STORE
    return builder(user(get_config()))


async def coroutine(config: RunnableConfig) -> Any:
    await asyncio.sleep(0)
    return builder(user(config))


async def coroutine_of_a_manager(config: RunnableConfig) -> Any:
    return manager(config)


@contextmanager
def manager(config: RunnableConfig) -> Generator[Any]:
    yield builder(user(config))


@asynccontextmanager
async def async_manager(config: RunnableConfig) -> AsyncGenerator[Any]:
    yield builder(user(config))


def generator(config: RunnableConfig) -> Generator[Any]:
    yield builder(user(config))


async def async_generator(config: RunnableConfig) -> AsyncGenerator[Any]:
    yield builder(user(config))


class Maker:
    def __call__(self, config: RunnableConfig) -> Any:
        return builder(user(config))


def named_otherwise(one: Any, other: Any) -> Any:
    return builder((one, other))


OF_A_USER: list[Any] = [
    by_annotation, by_name, by_being_alone, server_runtime, lazy_annotation, annotated,
    plain_runtime, runtime_by_name, both, both_in_the_other_order, both_by_name,
    both_by_the_runtime, optional, with_a_default,
    through_the_context, coroutine, coroutine_of_a_manager, manager, async_manager, generator,
    async_generator, Maker(), functools.partial(with_a_default, model="small"),
]  # fmt: skip


def source(factory: Any) -> GraphSource:
    return GraphSource.of("own", "", factory)


def call(name: str = "ada") -> Call:
    return Call({"configurable": {"user_id": name}}, context={"user_id": name}, store=STORE)


async def said(made: GraphSource, of: Call) -> str:
    async with made.open(of) as graph:
        return (await graph.ainvoke({"text": "hi"}))["text"]


def named(factory: Any) -> str:
    return getattr(factory, "__name__", type(factory).__name__)


@pytest.mark.parametrize("factory", OF_A_USER, ids=named)
async def test_a_factory_is_called_for_each_run_with_that_runs_own(factory: Any) -> None:
    made = source(factory)

    assert [await said(made, call(name)) for name in ("ada", "bob")] == ["ada hi", "bob hi"]


@pytest.mark.parametrize("factory", [nothing, uncompiled], ids=named)
async def test_a_factory_may_take_nothing(factory: Any) -> None:
    assert await said(source(factory), call()) == f"{factory.__name__} hi"


@pytest.mark.parametrize("kind", ["manager", "async_manager", "generator", "async_generator"])
async def test_what_a_factory_holds_is_let_go_of_when_the_run_is_over(kind: str) -> None:
    visits: list[str] = []

    def generator() -> Generator[Any]:
        visits.append("entered")
        try:
            yield builder("held")
        finally:
            visits.append("left")

    async def async_generator() -> AsyncGenerator[Any]:
        with contextmanager(generator)() as made:
            yield made

    forms: dict[str, Callable[[], Any]] = {
        "generator": generator,
        "manager": contextmanager(generator),
        "async_generator": async_generator,
        "async_manager": asynccontextmanager(async_generator),
    }
    with pytest.raises(ZeroDivisionError):
        await failing(source(forms[kind]))
    assert visits == ["entered", "left"]


async def failing(made: GraphSource) -> None:
    async with made.open(call()):
        raise ZeroDivisionError


async def test_a_factory_that_swallows_what_a_run_raises_hides_no_failure() -> None:
    async def swallowing() -> AsyncGenerator[Any]:
        with suppress(ZeroDivisionError):
            yield builder("held")

    with pytest.raises(ZeroDivisionError):
        await failing(source(swallowing))


async def test_a_factory_that_fails_for_one_user_makes_the_graph_of_the_next() -> None:
    made = source(by_annotation)

    with pytest.raises(KeyError):
        await said(made, Call({"configurable": {}}))
    assert await said(made, call()) == "ada hi"


async def test_a_factory_can_tell_a_look_at_its_graph_from_a_run() -> None:
    told: list[Any] = []

    def looked_at(config: RunnableConfig, runtime: ServerRuntime[Any]) -> Any:
        told.append(
            (runtime.access_context, config.get("configurable", {})["__is_for_execution__"])
        )
        assert (runtime.execution_runtime is None) == (
            runtime.access_context != "threads.create_run"
        )
        return builder("seen")

    made = source(looked_at)
    for of in (Call({"configurable": {}}, reading=True), call()):
        async with made.open(of):
            pass
    assert told == [("assistants.read", False), ("threads.create_run", True)]


async def test_a_factory_cannot_change_the_configuration_of_the_run() -> None:
    def greedy(config: RunnableConfig) -> Any:
        config.setdefault("configurable", {})["user_id"] = "eve"
        config["tags"] = ["mine"]
        return builder("greedy")

    of = call()
    assert await said(source(greedy), of) == "greedy hi"
    assert of.config == {"configurable": {"user_id": "ada"}}


async def test_the_configuration_of_the_making_is_not_that_of_the_run() -> None:
    made = source(through_the_context)

    async with made.open(call()):
        with pytest.raises(RuntimeError):
            get_config()


@pytest.mark.parametrize(
    "thing", [5, None, "graph", named_otherwise], ids=lambda t: type(t).__name__
)
def test_what_is_no_graph_and_no_factory_is_refused_by_name(thing: Any) -> None:
    with pytest.raises(ConfigurationError, match="graph 'own'"):
        source(thing)
