"""States that are pydantic models, dataclasses and several TypedDicts."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

import operator
from dataclasses import dataclass, field
from typing import Annotated, Any

from langgraph.graph import StateGraph
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from tests.corpus.case import AnyGraph, case, line
from tests.corpus.counting import ran


class Address(BaseModel):
    street: str
    number: int = Field(gt=0)


class Person(BaseModel):
    name: str
    address: Address | None = None
    notes: Annotated[list[str], operator.add] = []


@case({"name": "Ada", "address": {"street": "Mill Lane", "number": 3}})
def a_pydantic_state() -> AnyGraph:
    async def greet(state: Person) -> Any:
        ran("greet")
        return {"notes": [f"hello {state.name}"]}

    async def move(state: Person) -> Any:
        ran("move")
        assert state.address is not None
        return {"address": state.address.model_copy(update={"number": 4}), "notes": ["moved"]}

    return line(Person, greet, move)


@case({"name": "Ada", "address": {"street": "Mill Lane", "number": 3}})
def a_pydantic_state_that_goes_wrong() -> AnyGraph:
    async def break_it(state: Person) -> Any:  # noqa: ARG001
        ran("break_it")
        return {"address": {"street": "Mill Lane", "number": -1}}

    async def reads_it(state: Person) -> Any:  # noqa: ARG001
        ran("reads_it")
        return {"notes": ["never"]}

    return line(Person, break_it, reads_it)


@dataclass
class Counted:
    number: int = 0
    seen: Annotated[list[int], operator.add] = field(default_factory=list[int])


@case({"number": 2})
def a_dataclass_state() -> AnyGraph:
    async def double(state: Counted) -> Any:
        ran("double")
        return {"number": 2 * state.number, "seen": [state.number]}

    def again(state: Counted) -> Counted:
        ran("again")
        return Counted(2 * state.number, [state.number])

    return line(Counted, double, again)


class Asked(TypedDict):
    question: str


class Answered(TypedDict):
    answer: str


class Both(Asked, Answered):
    scratch: str


class Private(TypedDict):
    secret: str


@case({"question": "why?"})
def schemas_for_input_and_output() -> AnyGraph:
    async def think(state: Asked) -> Any:
        ran("think")
        return {"scratch": f"{state['question']} {sorted(state)}"}

    async def say(state: Both) -> Answered:
        ran("say")
        return {"answer": f"because of {state['scratch']}"}

    graph: Any = StateGraph(Both, input_schema=Asked, output_schema=Answered)
    return graph.add_sequence([think, say]).set_entry_point("think").compile()


@case({"question": "who?"})
def a_state_between_two_nodes() -> AnyGraph:
    async def find(state: Asked) -> Private:
        ran("find")
        return {"secret": state["question"] * 2}

    async def use(state: Private) -> Answered:
        ran("use")
        return {"answer": f"{sorted(state)} {state['secret']}"}

    graph: Any = StateGraph(Both, input_schema=Asked, output_schema=Answered)
    return graph.add_sequence([find, use]).set_entry_point("find").compile()
