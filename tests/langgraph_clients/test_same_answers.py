"""The same script of requests to npm's langgraph-api and to us: what comes back is the same."""

import asyncio

import httpx
import pytest

from tests.langgraph_clients.script import TOLD_OTHERWISE, Sender, script
from tests.support.processes import Service

AT_LEAST = 200

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]


def sent(url: str) -> list[tuple[str, object]]:
    with httpx.Client(base_url=url, timeout=60) as client:
        sender = Sender(client)
        script(sender)
        return sender.answers


async def test_both_servers_answer_the_same(reference: str, ours: Service) -> None:
    theirs = await asyncio.to_thread(sent, reference)
    mine = await asyncio.to_thread(sent, f"{ours.url}/langgraph")
    assert [label for label, _ in mine] == [label for label, _ in theirs]
    assert len(mine) >= AT_LEAST
    differing = [
        f"{label}\n  theirs {their}\n  ours   {our}"
        for (label, their), (_, our) in zip(theirs, mine, strict=True)
        if their != our and label not in TOLD_OTHERWISE
    ]
    assert TOLD_OTHERWISE.keys() <= {label for label, _ in mine}
    assert not differing, f"{len(differing)} of {len(mine)} differ:\n" + "\n".join(differing)
