"""The three ways to declare a state that people use most."""

from typing import NotRequired, TypedDict

from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel, Field


class Order(TypedDict):
    item: str
    count: int
    note: NotRequired[str]


class Survey(BaseModel):
    name: str = Field(min_length=1)
    age: int = 0


def count_up(state: Order) -> dict[str, int]:
    return {"count": state.get("count", 0) + 1}


def grow_older(state: Survey) -> dict[str, int]:
    return {"age": state.age + 1}


uncompiled = StateGraph(Order)
uncompiled.add_node("count_up", count_up)
uncompiled.add_edge(START, "count_up")
uncompiled.add_edge("count_up", END)

typed = uncompiled.compile()

_survey = StateGraph(Survey)
_survey.add_node("grow_older", grow_older)
_survey.add_edge(START, "grow_older")
modelled = _survey.compile()
