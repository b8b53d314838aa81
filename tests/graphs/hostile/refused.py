"""Nodes that a service refuses, called as people call services."""

import asyncio
from typing import Any, TypedDict

import httpx
from langgraph.graph import START, StateGraph


class Errand(TypedDict, total=False):
    url: str
    text: str


async def fetch(errand: Errand) -> Errand:
    async with httpx.AsyncClient() as client:
        response = await client.post(errand.get("url", ""), json={})
    return {"text": response.raise_for_status().text}


async def fetch_twice(errand: Errand) -> Errand:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(2):
            tasks.create_task(fetch(errand))
    return {}


def _of_one_node(node: Any) -> Any:
    builder: Any = StateGraph(Errand)
    builder.add_node("node", node)
    builder.add_edge(START, "node")
    return builder.compile()


fetches = _of_one_node(fetch)
fetches_twice = _of_one_node(fetch_twice)
