"""The schemas of graphs against LangGraph: what it takes fits, but for names it would drop."""

import operator
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, NotRequired, TypedDict, cast

import orjson
import pytest
from jsonschema import Draft202012Validator
from langchain_core.messages import AnyMessage
from langgraph.func import entrypoint
from langgraph.graph import START, MessagesState, StateGraph, add_messages
from langgraph.managed import RemainingSteps
from pydantic import BaseModel, ConfigDict, Field

from tailrace.worker.catalogue.schemas import context_schema, input_schema


def append(left: list[str], right: list[str] | str) -> list[str]:
    return [*left, *([right] if isinstance(right, str) else right)]


def untold(left: Any, right: Any) -> Any:
    return left + right


untold.__annotations__.clear()


class Typed(TypedDict):
    topic: str
    words: NotRequired[Annotated[list[str], operator.add]]


class Bare(TypedDict):
    messages: Annotated[list, add_messages]  # pyright: ignore[reportMissingTypeArgument] - as in LangGraph's quickstart


IN_BLOCKS: Any = partial(cast("Any", add_messages), format="langchain-openai")


class OpenAi(TypedDict):
    messages: Annotated[list[AnyMessage], IN_BLOCKS]


class Appending(TypedDict):
    words: Annotated[list[str], append]
    kept: Annotated[list[str], untold]


class Managed(MessagesState):
    remaining_steps: RemainingSteps


class Inner(TypedDict):
    deep: int


class Outer(TypedDict):
    inner: Inner
    text: str


class Modelled(BaseModel):
    topic: str = Field(min_length=1)
    words: Annotated[list[str], operator.add]
    level: int = 1


class Aliased(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    topic: str = Field(alias="theTopic")


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    topic: str


class Tree(BaseModel):
    name: str
    parts: list["Tree"] = []


@dataclass
class Classed:
    topic: str
    level: int = 1
    words: Annotated[list[str], operator.add] = field(default_factory=list[str])
    messages: Annotated[list[AnyMessage], add_messages] = field(default_factory=list[AnyMessage])


def stay(_: Any) -> dict[str, Any]:
    return {}


def graph(state: Any, **more: Any) -> Any:
    builder: Any = StateGraph(state, **more)
    builder.add_node("node", stay)
    builder.add_edge(START, "node")
    return builder.compile()


def fits(schema: Any, value: Any) -> bool:
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema).is_valid(value)


async def langgraph_takes(made: Any, value: Any) -> bool:
    try:
        await made.ainvoke(value)
    except Exception:  # noqa: BLE001 - whatever it says no by
        return False
    return True


BLOCKS = [{"type": "text", "text": "what is it?"}, {"type": "image_url", "image_url": {"url": "a"}}]
TAKEN: list[tuple[Any, Any]] = [
    (Typed, {"topic": "mills"}),
    (Typed, {"words": ["a"]}),
    (Bare, {"messages": "hi"}),
    (Bare, {"messages": {"role": "user", "content": "hi"}}),
    (Bare, {"messages": ["hi", ["user", "hi"], {"type": "human", "content": "hi"}]}),
    (Bare, {"messages": [{"role": "user", "content": BLOCKS}]}),
    (OpenAi, {"messages": {"role": "user", "content": "hi"}}),
    (MessagesState, {"messages": [("user", "hi")]}),
    (Appending, {"words": "one"}),
    (Appending, {"words": ["one"], "kept": ["two"]}),
    (Managed, {"messages": "hi"}),
    (Managed, {"messages": "hi", "remaining_steps": 3}),
    (Outer, {"text": "t"}),
    (Outer, {"inner": {"deep": 1}}),
    (Modelled, {"topic": "mills"}),
    (Modelled, {"topic": "mills", "words": ["a"], "level": 2}),
    (Aliased, {"topic": "mills"}),
    (Open, {"topic": "mills", "more": 1}),
    (Tree, {"name": "root", "parts": [{"name": "leaf"}]}),
    (Classed, {"topic": "mills"}),
    (Classed, {"topic": "mills", "messages": "hi"}),
]
REFUSED: list[tuple[Any, Any]] = [
    (Bare, {"messages": 5}),
    (Modelled, {}),
    (Modelled, {"topic": ""}),
    (Modelled, {"topic": "mills", "level": "high"}),
    (Aliased, {"theTopic": "mills"}),
    (Tree, {"name": "root", "parts": [{}]}),
    (Classed, {"level": 2}),
    (Typed, "mills"),
    (Typed, ["mills"]),
]
DROPPED: list[tuple[Any, Any]] = [
    (Typed, {"topik": "mills"}),
    (Modelled, {"topic": "mills", "levle": 2}),
    (Classed, {"topic": "mills", "levle": 2}),
]


def _shown(case: object) -> str:
    return case.__name__ if isinstance(case, type) else repr(case)[:60]


@pytest.mark.parametrize(("state", "value"), TAKEN, ids=_shown)
async def test_what_langgraph_takes_fits(state: Any, value: Any) -> None:
    made = graph(state)

    assert await langgraph_takes(made, value)
    assert fits(input_schema(made), list_form(value))


@pytest.mark.parametrize(("state", "value"), REFUSED, ids=_shown)
async def test_what_langgraph_refuses_does_not_fit(state: Any, value: Any) -> None:
    made = graph(state)

    assert not await langgraph_takes(made, value)
    assert not fits(input_schema(made), value)


@pytest.mark.parametrize(("state", "value"), DROPPED, ids=_shown)
async def test_a_name_that_langgraph_would_drop_does_not_fit(state: Any, value: Any) -> None:
    made = graph(state)

    assert await langgraph_takes(made, value)
    assert not fits(input_schema(made), value)


def list_form(value: Any) -> Any:
    """The value as JSON has it: a pair is a list."""
    return orjson.loads(orjson.dumps(value))


def test_what_langgraph_manages_itself_is_marked_as_not_to_be_given() -> None:
    properties = input_schema(graph(Managed))["properties"]

    assert [name for name, field in properties.items() if field.get("readOnly")] == [
        "remaining_steps"
    ]


def test_an_input_schema_of_its_own_is_what_counts() -> None:
    class Asked(TypedDict):
        topic: str

    made = graph(Typed, input_schema=Asked)
    assert fits(input_schema(made), {"topic": "mills"})
    assert not fits(input_schema(made), {"words": ["a"]})


@pytest.mark.parametrize(
    ("kind", "taken", "refused"),
    [
        (str, "hi", 5),
        (int, 5, "hi"),
        (list[int], [1, 2], [1, "two"]),
        (dict[str, int], {"a": 1}, {"a": "b"}),
        (Modelled, {"topic": "mills", "words": []}, {"topic": ""}),
    ],
)
def test_an_entrypoint_takes_what_its_function_says(kind: Any, taken: Any, refused: Any) -> None:
    async def work(given: Any) -> Any:
        return given

    work.__annotations__["given"] = kind
    made = cast("Any", entrypoint())(work)
    assert fits(input_schema(made), taken)
    assert not fits(input_schema(made), refused)


def test_an_entrypoint_that_says_nothing_takes_anything() -> None:
    async def work(given: Any) -> Any:
        return given

    del work.__annotations__["given"]
    made = cast("Any", entrypoint())(work)
    assert all(fits(input_schema(made), value) for value in ("hi", 5, [1], {"a": 1}))


def test_a_state_of_one_list_takes_that_list() -> None:
    made = graph(Annotated[list[AnyMessage], add_messages])

    assert fits(input_schema(made), [{"role": "user", "content": "hi"}])


def test_a_field_without_a_schema_leaves_the_others_theirs() -> None:
    class Odd: ...

    class State(TypedDict):
        odd: Odd
        text: str

    schema = input_schema(graph(State))
    assert fits(schema, {"odd": 1, "text": "hi"})
    assert not fits(schema, {"text": 5})


def test_a_partial_reducer_is_read_like_a_function() -> None:
    class State(TypedDict):
        words: Annotated[list[str], partial(append)]

    assert fits(input_schema(graph(State)), {"words": "one"})


@dataclass
class Who:
    user: str
    level: int = 1


class Place(TypedDict):
    town: str
    street: NotRequired[str]


CONTEXTS: list[tuple[Any, Any, bool]] = [
    (Who, {"user": "u"}, True),
    (Who, {}, False),
    (Who, {"user": 5}, False),
    (Who, {"user": "u", "levle": 1}, False),
    (Modelled, {"topic": "t", "words": []}, True),
    (Modelled, {"topic": "", "words": []}, False),
    (Open, {"topic": "t", "more": 1}, True),
    (Place, {"town": "Ulm"}, True),
    (Place, {"street": "s"}, False),
    (Place, {"town": "Ulm", "streat": "s"}, False),
]


@pytest.mark.parametrize(("kind", "value", "taken"), CONTEXTS, ids=_shown)
def test_a_context_has_to_fit_its_class(kind: Any, value: Any, taken: bool) -> None:
    assert fits(context_schema(graph(Typed, context_schema=kind)), value) == taken


def test_a_graph_without_a_context_says_nothing_of_one() -> None:
    assert context_schema(graph(Typed)) is None
