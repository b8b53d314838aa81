"""Values of every type in a state."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

import operator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from langgraph.config import get_stream_writer
from langgraph.types import interrupt
from pydantic import BaseModel, SecretStr
from typing_extensions import TypedDict

from tests.corpus.case import AnyGraph, case, line
from tests.corpus.counting import ran
from tests.corpus.graphs.questions import Said
from tests.corpus.model import scripted


class Colour(Enum):
    RED = "red"


class Model(BaseModel):
    """A value of pydantic's."""

    at: datetime
    price: Decimal
    colour: Colour = Colour.RED


@dataclass
class Point:
    """A value of one's own."""

    x: int
    y: float


class Anything(TypedDict, total=False):
    value: Any
    seen: Annotated[list[Any], operator.add]


AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def _passing(*values: Any) -> AnyGraph:
    """Each value is in the state for a step, and the next node says what it finds."""

    def giving(number: int) -> Any:
        async def give(state: Anything) -> Anything:
            ran(f"give {number}")
            found = state.get("value")
            return {"value": values[number], "seen": [type(found).__name__]}

        give.__name__ = f"give{number}"
        return give

    return line(Anything, *(giving(number) for number in range(len(values))))


@case({"value": 0})
def plain_values() -> AnyGraph:
    return _passing(
        None, True, -(2**40), 1.5, "é\u2028\x00", [1, [2, {"a": ()}]], (1, 2), {"b": {}}
    )


@case({"value": 0})
def values_of_the_standard_library() -> AnyGraph:
    return _passing(AT, date(2026, 3, 2), Decimal("1.10"), UUID(int=7), Path("/a"), {3})


@case({"value": 0})
def values_of_types_of_ones_own() -> AnyGraph:
    return _passing(Colour.RED, Model(at=AT, price=Decimal(2)), Point(1, 2.5), [Point(3, 4)])


@case({"value": 0})
def values_that_json_does_not_know() -> AnyGraph:
    return _passing(b"PNG\xff", bytearray(b"x"), timedelta(seconds=90), ip_address("10.0.0.1"))


@case({"value": 0})
def keys_that_json_does_not_know() -> AnyGraph:
    return _passing({1: "a"}, {(1, 2): "pair"}, {AT: "then"}, {1: "a", "1": "b"})


@case({"value": 0})
def numbers_that_json_does_not_know() -> AnyGraph:
    return _passing(float("nan"), float("inf"), -float("inf"), 2**63)


@case({"value": 0})
def a_number_that_no_checkpoint_keeps() -> AnyGraph:
    return _passing(complex(1, 2))


@case({"value": 0})
def half_of_a_character_in_the_state() -> AnyGraph:
    return _passing("\ud83d", ["a\udc00b"], {"\ud83d": 1})


@case({"value": 0})
def half_of_a_character_that_is_told() -> AnyGraph:
    async def tell(state: Anything) -> Anything:  # noqa: ARG001
        ran("tell")
        for value in ("\ud83d", ["a\udc00b"], {"\ud83d": "\udc00"}):
            get_stream_writer()(value)
        await scripted("half \ud83d a token").ainvoke([("user", "hi")])
        return {"value": "told"}

    return line(Anything, tell)


@case({"value": 0})
def a_secret() -> AnyGraph:
    return _passing(SecretStr("hidden"), {"key": SecretStr("hidden")})


@case({"number": 0})
def a_state_that_is_large() -> AnyGraph:
    async def grow(state: Said) -> Said:  # noqa: ARG001
        ran("grow")
        return {"said": ["x" * 20_000]}

    async def look(state: Said) -> Said:
        ran("look")
        return {"said": [len(str(state.get("said")))]}

    return line(Said, grow, look)


@case({"value": 0})
def values_that_are_kept_across_a_question() -> AnyGraph:
    kept = [AT, Decimal("1.10"), UUID(int=7), Path("/a"), {3}, (1, 2), b"x", Colour.RED]
    own = [Model(at=AT, price=Decimal(2)), Point(1, 2.5), timedelta(seconds=90), SecretStr("s")]

    async def give(state: Anything) -> Anything:  # noqa: ARG001
        ran("give")
        return {"value": [*kept, *own]}

    async def ask(state: Anything) -> Anything:  # noqa: ARG001
        ran("ask")
        return {"seen": [interrupt("kept?")]}

    async def look(state: Anything) -> Anything:
        ran("look")
        found = state.get("value") or []
        return {"seen": [type(value).__name__ for value in found] + [found == [*kept, *own]]}

    return line(Anything, give, ask, look)
