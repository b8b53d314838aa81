"""States and their reducers."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage, trim_messages
from langgraph.channels import DeltaChannel, EphemeralValue, UntrackedValue
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.message import REMOVE_ALL_MESSAGES, add_messages
from langgraph.managed import IsLastStep, RemainingSteps
from langgraph.types import Overwrite
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from tests.corpus.case import AnyGraph, case, line, wired
from tests.corpus.counting import ran


class Text(TypedDict, total=False):
    text: str
    length: int


class Listed(TypedDict, total=False):
    items: Annotated[list[Any], operator.add]


@case({"text": "hello"})
def a_key_that_is_overwritten() -> AnyGraph:
    async def upper(state: Text) -> Text:
        ran("upper")
        return {"text": state.get("text", "").upper()}

    async def measure(state: Text) -> Text:
        ran("measure")
        return {"length": len(state.get("text", ""))}

    return line(Text, upper, measure)


@case({"items": [1]})
def a_list_that_grows() -> AnyGraph:
    async def two(state: Listed) -> Listed:  # noqa: ARG001
        ran("two")
        return {"items": [2]}

    async def three(state: Listed) -> Listed:
        ran("three")
        return {"items": [3, len(state.get("items", []))]}

    return line(Listed, two, three)


class Largest(TypedDict, total=False):
    most: Annotated[int, max]
    names: Annotated[dict[str, int], operator.or_]


@case({"most": 3})
def reducers_of_ones_own() -> AnyGraph:
    def node(name: str, number: int) -> Any:
        async def run(state: Largest) -> Largest:  # noqa: ARG001
            ran(name)
            return {"most": number, "names": {name: number}}

        return run

    nodes = {"one": node("one", 1), "nine": node("nine", 9), "last": node("last", 5)}
    edges = [(START, "one"), (START, "nine"), (["one", "nine"], "last"), ("last", END)]
    return wired(Largest, nodes, edges)


@case({"messages": [{"role": "user", "content": "hi"}]})
def messages_that_are_added() -> AnyGraph:
    async def answer(state: MessagesState) -> Any:
        ran("answer")
        return {"messages": [("ai", f"you said {state['messages'][-1].content}")]}

    async def doubt(state: MessagesState) -> Any:
        ran("doubt")
        return {"messages": HumanMessage(f"{len(state['messages'])}?", id="doubt")}

    async def correct(state: MessagesState) -> Any:  # noqa: ARG001
        ran("correct")
        return {"messages": [HumanMessage("never mind", id="doubt"), AIMessage("well", id="well")]}

    return line(MessagesState, answer, doubt, correct)


@case({"messages": "just a text"})
def messages_given_as_a_text() -> AnyGraph:
    async def answer(state: MessagesState) -> Any:
        ran("answer")
        return {"messages": ("ai", state["messages"][-1].text)}

    return line(MessagesState, answer)


@case({"messages": {"role": "user", "content": "one dict"}})
def messages_given_as_one_dict() -> AnyGraph:
    async def answer(state: MessagesState) -> Any:
        ran("answer")
        return {"messages": {"role": "assistant", "content": state["messages"][-1].text}}

    return line(MessagesState, answer)


@case({"messages": [["user", "a pair"], ["ai", "and another"]]})
def messages_given_as_pairs() -> AnyGraph:
    async def answer(state: MessagesState) -> Any:
        ran("answer")
        return {"messages": [("ai", str(len(state["messages"])))]}

    return line(MessagesState, answer)


@case({"messages": [("user", f"m{n}") for n in range(6)]})
def messages_that_are_removed() -> AnyGraph:
    async def forget(state: MessagesState) -> Any:
        ran("forget")
        return {"messages": [RemoveMessage(str(m.id)) for m in state["messages"][:-2]]}

    async def speak(state: MessagesState) -> Any:
        ran("speak")
        return {"messages": [("ai", f"{len(state['messages'])} are left")]}

    return line(MessagesState, forget, speak)


@case({"messages": [("user", "a"), ("ai", "b")]})
def all_messages_removed() -> AnyGraph:
    async def clear(state: MessagesState) -> Any:  # noqa: ARG001
        ran("clear")
        return {"messages": [RemoveMessage(REMOVE_ALL_MESSAGES), HumanMessage("anew")]}

    return line(MessagesState, clear)


@case({"messages": [("user", f"message number {n}") for n in range(9)]})
def messages_that_are_trimmed() -> AnyGraph:
    async def speak(state: MessagesState) -> Any:
        ran("speak")
        kept = trim_messages(state["messages"], max_tokens=3, token_counter=len, strategy="last")
        return {"messages": [("ai", " / ".join(m.text for m in kept))]}

    return line(MessagesState, speak)


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


@case({"items": [1, 2]})
def a_reducer_that_is_passed_by() -> AnyGraph:
    async def replace(state: Listed) -> Any:
        ran("replace")
        return {"items": Overwrite([len(state.get("items", []))])}

    async def add(state: Listed) -> Listed:  # noqa: ARG001
        ran("add")
        return {"items": ["added"]}

    return line(Listed, replace, add)


class Untracked(TypedDict, total=False):
    text: str
    handle: Annotated[Any, UntrackedValue]
    once: Annotated[Any, EphemeralValue]


@case({"text": "x"}, steady=False)
def values_that_no_checkpoint_has() -> AnyGraph:
    async def make(state: Untracked) -> Untracked:  # noqa: ARG001
        ran("make")
        return {"handle": {"open": 1}, "once": "for the next step"}

    async def use(state: Untracked) -> Untracked:
        ran("use")
        return {"text": f"{state.get('handle')} {state.get('once')}"}

    async def late(state: Untracked) -> Untracked:
        ran("late")
        return {"text": f"{state.get('text')} {state.get('handle')} {state.get('once')}"}

    return line(Untracked, make, use, late)


def joined(items: list[Any], writes: Sequence[Any]) -> list[Any]:
    return [*items, *(item for write in writes for item in write)]


class Delta(TypedDict, total=False):
    items: Annotated[list[Any], DeltaChannel(joined, snapshot_frequency=3)]
    rounds: int


@case({"items": [0], "rounds": 0})
def a_channel_of_differences() -> AnyGraph:
    async def add(state: Delta) -> Delta:
        number = state.get("rounds", 0) + 1
        ran(f"add {number}")
        return {"items": [number, len(state.get("items", []))], "rounds": number}

    def more(state: Delta) -> str:
        return "add" if state.get("rounds", 0) < 8 else END

    graph: Any = StateGraph(Delta)
    graph.add_node("add", add)
    graph.add_edge(START, "add")
    graph.add_conditional_edges("add", more, ["add", END])
    return graph.compile()


class Stepping(TypedDict, total=False):
    seen: Annotated[list[Any], operator.add]
    last: IsLastStep
    left: RemainingSteps


@case({"seen": []}, config={"recursion_limit": 7})
def a_graph_that_knows_its_steps() -> AnyGraph:
    async def step(state: Any) -> Stepping:
        ran(f"step {len(state['seen'])}")
        return {"seen": [(state["last"], state["left"])]}

    graph: Any = StateGraph(Stepping)
    graph.add_node("step", step)
    graph.add_edge(START, "step")
    graph.add_conditional_edges("step", lambda s: "step" if s["left"] > 2 else END, ["step", END])
    return graph.compile()


class Chat(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    summary: str


@case({"messages": [("user", f"m{n}") for n in range(5)], "summary": ""})
def a_chat_that_is_summarised() -> AnyGraph:
    async def summarise(state: Chat) -> Any:
        ran("summarise")
        old = state.get("messages", [])[:-1]
        said = ", ".join(m.text for m in old)
        return {"summary": said, "messages": [RemoveMessage(str(m.id)) for m in old]}

    async def speak(state: Chat) -> Any:
        ran("speak")
        return {"messages": [AIMessage(f"so far: {state.get('summary')}")]}

    return line(Chat, summarise, speak)


@case({"items": ["a"]})
def nodes_that_say_nothing() -> AnyGraph:
    async def silent(state: Listed) -> None:  # noqa: ARG001
        ran("silent")

    async def empty(state: Listed) -> Listed:  # noqa: ARG001
        ran("empty")
        return {}

    return line(Listed, silent, empty)


@case({"text": "x"})
def two_writers_of_one_key() -> AnyGraph:
    def writer(name: str) -> Any:
        async def write(state: Text) -> Text:  # noqa: ARG001
            ran(name)
            return {"text": name}

        return write

    nodes = {"left": writer("left"), "right": writer("right")}
    edges = [(START, "left"), (START, "right"), ("left", END), ("right", END)]
    return wired(Text, nodes, edges)
