"""Graphs that look at what they run with: their context, their configuration, their limit."""

from dataclasses import dataclass
from typing import Any, TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from pydantic import BaseModel


class Seen(TypedDict, total=False):
    seen: Any
    steps: int


@dataclass
class Who:
    user_id: str
    level: int = 1


class Tone(BaseModel):
    words: list[str]


class Place(TypedDict):
    town: str


def dataclassed(_: Seen, runtime: Runtime[Who]) -> Seen:
    return {"seen": [runtime.context.user_id, runtime.context.level]}


def modelled(_: Seen, runtime: Runtime[Tone]) -> Seen:
    return {"seen": runtime.context.words}


def typed(_: Seen, runtime: Runtime[Place]) -> Seen:
    return {"seen": runtime.context["town"]}


def absent(_: Seen, runtime: Runtime[Any]) -> Seen:
    return {"seen": runtime.context}


def configured(_: Seen, config: RunnableConfig, runtime: Runtime) -> Seen:
    found, server = config.get("configurable", {}), runtime.server_info
    names = ("thread_id", "run_id", "graph_id", "tenant", "langgraph_auth_user_id", "own", "mode")
    assert server is not None
    assert server.user is not None
    return {
        "seen": {
            "configurable": {name: found.get(name) for name in names},
            "metadata": dict(config.get("metadata", {})),
            "tags": config.get("tags"),
            "user": server.user.identity,
            "graph": server.graph_id,
        }
    }


def step(state: Seen) -> Seen:
    return {"steps": state.get("steps", 0) + 1}


def _of(node: Any, context_schema: Any = None) -> Any:
    builder: Any = StateGraph(Seen, context_schema=context_schema)
    builder.add_node("node", node)
    builder.add_edge(START, "node")
    return builder.compile()


def _walking(steps: int) -> Any:
    def on(state: Seen) -> str:
        return "step" if state.get("steps", 0) < steps else END

    builder: Any = StateGraph(Seen)
    builder.add_node("step", step)
    builder.add_edge(START, "step")
    builder.add_conditional_edges("step", on, ["step", END])
    return builder.compile()


with_dataclass = _of(dataclassed, Who)
with_model = _of(modelled, Tone)
with_typed_dict = _of(typed, Place)
without_schema = _of(absent)
telling = _of(configured).with_config(
    {"configurable": {"own": "graph's", "mode": "graph's"}, "tags": ["graph"], "metadata": {"g": 1}}
)
walking = _walking(150)
far_walking = _walking(150).with_config({"recursion_limit": 400})
