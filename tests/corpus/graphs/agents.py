"""Agents as they are prebuilt."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

import warnings
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware, ModelCallLimitMiddleware
from langchain_core.tools import tool
from langgraph.types import interrupt
from pydantic import BaseModel

from tests.corpus.case import AnyGraph, case
from tests.corpus.counting import ran
from tests.corpus.model import ScriptedModel, following, scripted

ASKS = {"messages": [{"role": "user", "content": "how warm is it?"}]}


@tool
async def weather(city: str) -> str:
    """How warm it is in a city."""
    ran(f"weather {city}")
    return f"21 °C in {city}"


@tool
def distance(start: str, end: str) -> int:
    """How far it is between two places."""
    ran(f"distance {start} {end}")
    return 10 * abs(len(start) - len(end))


@tool
async def book(city: str) -> str:
    """Book a journey, if a person agrees."""
    ran(f"book {city}")
    return f"booked {city}: {interrupt(f'book {city}?')}"


def reacting(model: Any, tools: Any, **more: Any) -> AnyGraph:
    """LangGraph's older prebuilt agent, which warns that it is."""
    from langgraph.prebuilt import create_react_agent  # noqa: PLC0415 - deprecated, and still used

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return create_react_agent(model, tools, **more)


def traveller() -> ScriptedModel:
    both = [("weather", {"city": "Bern"}), ("distance", {"start": "Bern", "end": "Lausanne"})]
    return scripted(both, [("weather", {"city": "Lausanne"})], "it is warm in both")


@case(ASKS)
def an_agent_that_reacts_v1() -> AnyGraph:
    return reacting(traveller(), [weather, distance], version="v1")


@case(ASKS)
def an_agent_that_reacts_v2() -> AnyGraph:
    return reacting(traveller(), [weather, distance], version="v2")


@case(ASKS)
def an_agent() -> AnyGraph:
    return create_agent(traveller(), [weather, distance], system_prompt="Be brief.")


@case(ASKS)
def an_agent_without_tools() -> AnyGraph:
    return create_agent(scripted("I would not know."), [])


@case(ASKS)
def an_agent_stopped_before_its_tools() -> AnyGraph:
    return create_agent(traveller(), [weather, distance], interrupt_before=["tools"])


@case(ASKS)
def a_reacting_agent_stopped_before_its_tools() -> AnyGraph:
    return reacting(traveller(), [weather, distance], interrupt_before=["tools"])


def asking() -> ScriptedModel:
    return scripted([("book", {"city": "Bern"})], "have a good journey")


def asking_beside() -> ScriptedModel:
    return scripted([("weather", {"city": "Bern"}), ("book", {"city": "Bern"})], "done")


def asking_twice() -> ScriptedModel:
    return scripted([("book", {"city": "Bern"}), ("book", {"city": "Genf"})], "both are booked")


@case(ASKS)
def an_agent_with_a_tool_that_asks() -> AnyGraph:
    return create_agent(asking(), [weather, book])


@case(ASKS)
def an_agent_with_a_tool_that_asks_beside_one_that_does_not() -> AnyGraph:
    return create_agent(asking_beside(), [weather, book])


@case(ASKS)
def an_agent_with_two_tools_that_ask() -> AnyGraph:
    return create_agent(asking_twice(), [weather, book])


@case(ASKS)
def a_reacting_agent_with_two_tools_that_ask() -> AnyGraph:
    return reacting(asking_twice(), [weather, book], version="v2")


@case(ASKS)
def a_reacting_agent_with_one_tool_that_asks_v1() -> AnyGraph:
    return reacting(asking(), [weather, book], version="v1")


@case(ASKS, answer=lambda _: {"decisions": [{"type": "approve"}]})
def an_agent_whose_calls_are_approved() -> AnyGraph:
    approving = HumanInTheLoopMiddleware(interrupt_on={"weather": True})
    model = scripted([("weather", {"city": "Bern"})], "warm enough")
    return create_agent(model, [weather], middleware=[approving])


@case(ASKS, answer=lambda _: {"decisions": [{"type": "reject", "message": "no"}]})
def an_agent_whose_calls_are_rejected() -> AnyGraph:
    approving = HumanInTheLoopMiddleware(interrupt_on={"weather": True})
    model = scripted([("weather", {"city": "Bern"})], "then not")
    return create_agent(model, [weather], middleware=[approving])


@case(ASKS)
def an_agent_with_a_limit_of_calls() -> AnyGraph:
    limit = ModelCallLimitMiddleware(run_limit=2, exit_behavior="end")
    endless = following(lambda messages: [("weather", {"city": f"town {len(messages)}"})])
    return create_agent(endless, [weather], middleware=[limit])


class Report(BaseModel):
    """What is known of the weather."""

    city: str
    warm: bool


@case(ASKS)
def an_agent_that_answers_with_a_form() -> AnyGraph:
    model = scripted([("weather", {"city": "Bern"})], [("Report", {"city": "Bern", "warm": True})])
    return create_agent(model, [weather], response_format=Report)
