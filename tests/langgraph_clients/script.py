"""One script of requests, sent to any server of LangGraph's API; what it answers, made comparable.

What differs for a written reason is left out or brought to one form here, and only here:
`DIFFERENCES` says why.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final, cast

import httpx

DIFFERENCES: Final = {
    "ids and times": "made anew by each server",
    "what is null or empty": "left out by one, written by the other",
    "errors": 'ours are `{"detail"}`, theirs plain text or what their validator says',
    "wrong bodies": "ours are 422, theirs 400",
    "the text of a graph's error": "ours is hidden behind a reference, theirs is told",
    "the `end` event": "ours has one, theirs ends without",
    "`checkpoints` beside other modes": "theirs sends a short one with subgraphs, unasked for",
    "metadata of messages, tasks and states": "each server tells of itself",
    "descriptions": "ours are the docstrings of graphs",
    "`messages/complete` with subgraphs": "theirs leaves it out",
    "kwargs and config": "theirs repeat what the server has added",
    "values where the graph asks": "ours has them beside `__interrupt__`, as LangGraph in Python",
    "a run that asks": "ours is `interrupted`, theirs `success`",
    "runs of a thread": "ours are listed newest first",
    "the metadata of a copy": "theirs has the thread's id in it",
    "values of a copy": "theirs has none until it is run",
    "drawings of graphs": "each language describes its own nodes: ids and edges are compared",
    "the thread protocol": (
        "ours names the question twice, as its clients in Python and in"
        " JavaScript read it; theirs tells of each task what it runs with"
    ),
    "the interrupts of a state": "ours also has them together, as LangGraph in Python",
}

UUID: Final = re.compile(
    r"(?:lc_run--|run-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:-\d+)?|\b[0-9a-f]{32}\b"
)
TIME: Final = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)$")
LEFT_OUT: Final = frozenset(("kwargs", "config", "checkpoint_map", "description"))
OF_METADATA: Final = (
    *("source", "step", "parents", "langgraph_node", "langgraph_step", "langgraph_triggers"),
    *("langgraph_path", "langgraph_checkpoint_ns", "checkpoint_ns", "ls_model_type"),
)
NOBODY: Final = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
CHANNELS: Final = (
    *("values", "updates", "messages", "tools", "lifecycle", "input", "checkpoints", "tasks"),
    "custom",
)
MODES: Final = ("values", "updates", "custom", "messages-tuple", "messages", "tasks")


TOLD_OTHERWISE: Final = {
    "stream nested custom False": "JavaScript tells what a graph inside writes, Python does not",
    "nested: run 1": "the same",
    "stream failing tasks False": "the error of a task: theirs has its text",
    "stream failing tasks True": "the same",
    **{
        f"failing, run {n}: {what}": "the same"
        for n in range(3)
        for what in ("state", "history", "history by post")
    },
    **dict.fromkeys(
        (
            *("stream chat messages-tuple False", "stream chat messages-tuple True"),
            *("stream chat messages False", "stream chat messages True", "chat: run 2"),
        ),
        "Python's model marks its last chunk; theirs has no complete messages with subgraphs",
    ),
    "breakpoint": "JavaScript tells `__interrupt__` in values at a breakpoint, too",
    **dict.fromkeys(
        (
            "gone to: thread",
            "gone to: state",
            "gone to: history",
            "gone to: history by post",
        ),
        "JavaScript keeps a `goto` in the state that asks, Python does not",
    ),
    **dict.fromkeys(
        ("fork: after: history", "fork: after: history by post"),
        "JavaScript writes `checkpoint_ns` into the metadata of a fork",
    ),
    **dict.fromkeys(
        ("busy: after the line: history", "busy: after the line: history by post"),
        "theirs reads all states of a thread with its last graph, ours each with its own",
    ),
    **dict.fromkeys(
        ("deletions: without 2: thread", "deletions: without 0: thread"),
        "theirs still has the values of the deleted run beside the thread, though not in its state",
    ),
    "busy: cancelled thread": "theirs forgets the input of a run that is cancelled at once",
}
"""Answers that differ as a whole, by the label of their request, and why."""


def comparable(value: Any) -> Any:
    """A value without what differs for a written reason."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        if members.keys() == {"nodes", "edges"}:
            return _drawing(members)
        # Those of threads and assistants are their owners'.
        of_owner = "graph_id" in members or ("run_id" not in members and "status" in members)
        narrow = () if of_owner else ("metadata",)
        kept = {
            UUID.sub("<id>", name): comparable(_metadata(one) if name in narrow else one)
            for name, one in members.items()
            if name not in LEFT_OUT
        }
        if "__interrupt__" in kept:
            kept = {"__interrupt__": kept["__interrupt__"]}
        if {"next", "tasks", "checkpoint"} <= members.keys():
            kept.pop("interrupts", None)
        return {name: one for name, one in kept.items() if one not in (None, {}, [])}
    if isinstance(value, list):
        items = cast("list[Any]", value)
        if len(items) == len(("message", "metadata")) and _is_message(items[0]):
            return [comparable(items[0]), comparable(_metadata(items[1]))]
        return [comparable(one) for one in items]
    if isinstance(value, str):
        return "<time>" if TIME.match(value) else UUID.sub("<id>", value)
    return value


def _drawing(graph: dict[str, Any]) -> Any:
    """The nodes and edges of a graph, in one order."""
    edges = sorted((edge["source"], edge["target"]) for edge in graph["edges"])
    return [sorted(node["id"] for node in graph["nodes"]), edges]


def _is_message(value: Any) -> bool:
    return isinstance(value, dict) and {"content", "type", "id"} <= cast("Any", value).keys()


def _metadata(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {n: one for n, one in cast("dict[str, Any]", value).items() if n in OF_METADATA}


@dataclass(slots=True)
class Sender:
    """Sends the script to one server, and keeps what it answers."""

    client: httpx.Client
    answers: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])

    def send(self, label: str, method: str, path: str, body: Any = None) -> Any:
        """Send one request; what came, as JSON."""
        response = self.client.request(method, path, json=body)
        kind = response.headers.get("content-type", "").partition(";")[0]
        if kind == "text/event-stream":
            answer: Any = list(_events(response.text))
        elif response.status_code >= 400:
            answer = "refused"
        else:
            answer = json.loads(response.text) if response.text.strip() else None
        told = comparable(answer)
        status = {400: 422}.get(response.status_code, response.status_code)
        self.answers.append((label, [status, _error(told)]))
        return answer

    def command(self, label: str, path: str, method: str, params: Any) -> Any:
        """Send one command of the thread protocol; what came."""
        body = {"id": len(self.answers), "method": method, "params": params}
        response = self.client.post(f"{path}/commands", json=body)
        answer = response.json()
        assert answer["id"] == body["id"]
        told = {name: answer.get(name) for name in ("type", "error", "result")}
        self.answers.append((label, [response.status_code, comparable(told)]))
        return answer

    def follow(
        self, label: str, path: str, channels: Sequence[str], runs: int, **more: Any
    ) -> None:
        """Read the thread's events from its start until so many runs have ended."""
        found: list[Any] = []
        body = {"channels": channels, **more}
        with self.client.stream("POST", f"{path}/stream/events", json=body) as response:
            for line in response.iter_lines():
                if line.startswith("data: "):
                    event = json.loads(line.removeprefix("data: "))
                    found += _of_protocol(event)
                    runs -= _ends_a_run(event)
                if not runs:
                    break
        self.answers.append((label, [response.status_code, found]))


def _of_protocol(event: Any) -> Iterator[Any]:
    """An event of the thread protocol as both servers tell it."""
    method, params = event["method"], event["params"]
    data = params["data"]
    if isinstance(data, dict) and method in ("tasks", "lifecycle", "input.requested"):
        left_out = ("error", "metadata", "value")
        data = {n: one for n, one in cast("dict[str, Any]", data).items() if n not in left_out}
    namespace = [UUID.sub("<id>", one) for one in params["namespace"]]
    yield [method, namespace, params.get("node"), comparable(data)]


def _ends_a_run(event: Any) -> bool:
    if event["method"] != "lifecycle" or event["params"]["namespace"]:
        return False
    return event["params"]["data"]["event"] != "running"


def _error(told: Any) -> Any:
    """An error without its text."""
    failed = isinstance(told, dict) and "__error__" in told
    return {"__error__": "told"} if failed else cast("Any", told)


def _events(text: str) -> Iterator[list[Any]]:
    for frame in text.split("\n\n"):
        lines: dict[str, str] = {}
        for line in frame.split("\n"):
            name, _, value = line.partition(": ")
            lines[name] = value
        name = lines.get("event", "")
        if name == "error":
            yield [name]
        elif name and name != "end" and not name.startswith("checkpoints"):
            yield [name, json.loads(lines["data"])]


def script(sender: Sender) -> None:
    """All requests, in their order."""
    assistants(sender)
    without_threads(sender)
    for graph in ("steps", "nested", "failing", "chat"):
        conversation(sender, graph)
    questions(sender)
    forks(sender)
    busy(sender)
    deletions(sender)
    for graph in ("steps", "nested", "ask", "failing"):
        protocol(sender, graph)
    refusals(sender)


def given(graph: str) -> dict[str, Any]:
    """An input of the graph."""
    if graph == "chat":
        return {"messages": [{"role": "user", "content": "hello"}]}
    return {"topic": "x"}


def assistants(sender: Sender) -> None:
    sender.send("ok", "GET", "/ok")
    for name in ("chat", "steps", "ask", "nested", "failing", "slow"):
        found = sender.send(f"assistant {name}", "GET", f"/assistants/{name}")
        sender.send(f"assistant {name} by id", "GET", f"/assistants/{found['assistant_id']}")
        search = {"graph_id": name}
        sender.send(f"search {name}", "POST", "/assistants/search", search)
        sender.send(f"count {name}", "POST", "/assistants/count", search)
        sender.send(f"graph {name}", "GET", f"/assistants/{name}/graph")
        sender.send(f"graph {name}, plain", "GET", f"/assistants/{name}/graph?xray=false")
        sender.send(f"no subgraph of {name}", "GET", f"/assistants/{name}/subgraphs/nope")
    sender.send("no assistant", "GET", "/assistants/nope")
    sender.send("no assistant by id", "GET", f"/assistants/{NOBODY}")
    for rest in ("graph", "schemas", "subgraphs"):
        sender.send(f"no assistant, {rest}", "GET", f"/assistants/nope/{rest}")


def without_threads(sender: Sender) -> None:
    for graph, mode, subgraphs in product(
        ("steps", "nested", "failing", "chat"), MODES, (False, True)
    ):
        body = {
            "assistant_id": graph,
            "input": given(graph),
            "stream_mode": [mode],
            "stream_subgraphs": subgraphs,
        }
        sender.send(f"stream {graph} {mode} {subgraphs}", "POST", "/runs/stream", body)
    for graph in ("steps", "nested", "failing", "chat"):
        body = {"assistant_id": graph, "input": given(graph)}
        sender.send(f"wait {graph}", "POST", "/runs/wait", body)
        sender.send(f"create {graph}", "POST", "/runs", body)
    sender.send("no such run", "GET", f"/runs/{NOBODY}/nothing")


def conversation(sender: Sender, graph: str) -> None:
    thread = sender.send(f"{graph}: thread", "POST", "/threads", {"metadata": {"note": graph}})
    path = f"/threads/{thread['thread_id']}"
    look(sender, f"{graph}, new", path)
    for n, modes in enumerate((["values"], ["updates", "custom"], ["messages-tuple", "values"])):
        body = {"assistant_id": graph, "input": given(graph), "stream_mode": modes}
        sender.send(f"{graph}: run {n}", "POST", f"{path}/runs/stream", body)
        look(sender, f"{graph}, run {n}", path)
    sender.send(f"{graph}: runs", "GET", f"{path}/runs?status=timeout")
    sender.send(
        f"{graph}: wait",
        "POST",
        f"{path}/runs/wait",
        {"assistant_id": graph, "input": given(graph)},
    )
    run = sender.send(
        f"{graph}: create", "POST", f"{path}/runs", {"assistant_id": graph, "input": given(graph)}
    )
    place = f"{path}/runs/{run['run_id']}"
    sender.send(f"{graph}: join", "GET", f"{place}/join")
    sender.send(f"{graph}: run", "GET", place)
    sender.send(f"{graph}: patch", "PATCH", path, {"metadata": {"note": "changed"}})
    search = {"metadata": {"note": "changed"}, "ids": [thread["thread_id"]]}
    sender.send(f"{graph}: search", "POST", "/threads/search", search)
    select = {**search, "select": ["thread_id", "status"]}
    sender.send(f"{graph}: search, some", "POST", "/threads/search", select)
    sender.send(f"{graph}: twice", "POST", "/threads", {"thread_id": thread["thread_id"]})
    again = {"thread_id": thread["thread_id"], "if_exists": "do_nothing"}
    sender.send(f"{graph}: again", "POST", "/threads", again)
    if graph != "failing":
        update = {
            "values": given(graph),
            "as_node": {"steps": "one", "nested": "inner", "chat": "reply"}[graph],
        }
        sender.send(f"{graph}: update", "POST", f"{path}/state", update)
        look(sender, f"{graph}, updated", path)
    sender.send(f"{graph}: delete", "DELETE", path)
    sender.send(f"{graph}: gone", "GET", path)
    sender.send(f"{graph}: gone again", "DELETE", path)


def look(sender: Sender, label: str, path: str) -> list[Any]:
    """Read all that a thread has."""
    sender.send(f"{label}: thread", "GET", path)
    sender.send(f"{label}: state", "GET", f"{path}/state")
    sender.send(f"{label}: history", "GET", f"{path}/history?limit=3")
    return sender.send(f"{label}: history by post", "POST", f"{path}/history", {"limit": 100})


def questions(sender: Sender) -> None:
    thread = sender.send("ask: thread", "POST", "/threads", {})
    path = f"/threads/{thread['thread_id']}"
    runs = f"{path}/runs/stream"
    modes = ["values", "updates"]
    for n in range(2):
        sender.send(
            f"ask {n}",
            "POST",
            runs,
            {"assistant_id": "ask", "input": {"topic": f"{n}"}, "stream_mode": modes},
        )
        look(sender, f"ask {n}", path)
        sender.send(
            f"asked {n}: search",
            "POST",
            "/threads/search",
            {"status": "interrupted", "ids": [thread["thread_id"]]},
        )
        answer = {"assistant_id": "ask", "command": {"resume": f"yes {n}"}, "stream_mode": modes}
        sender.send(f"answer {n}", "POST", runs, answer)
        look(sender, f"answered {n}", path)
    asked = {
        "assistant_id": "ask",
        "input": {"topic": "z"},
        "interrupt_before": ["prepare"],
        "stream_mode": modes,
    }
    sender.send("breakpoint", "POST", runs, asked)
    look(sender, "breakpoint", path)
    sender.send(
        "past it", "POST", runs, {"assistant_id": "ask", "input": None, "stream_mode": modes}
    )
    goto = {"assistant_id": "ask", "command": {"goto": "finish"}, "stream_mode": modes}
    sender.send("goto", "POST", runs, goto)
    look(sender, "gone to", path)


def forks(sender: Sender) -> None:
    thread = sender.send("fork: thread", "POST", "/threads", {})
    path = f"/threads/{thread['thread_id']}"
    for text in ("one", "two"):
        said = {"messages": [{"role": "user", "content": text}]}
        sender.send(
            f"fork: {text}", "POST", f"{path}/runs/wait", {"assistant_id": "chat", "input": said}
        )
    history = look(sender, "fork: before", path)
    ids = [state["checkpoint"]["checkpoint_id"] for state in history]
    for n, id_ in enumerate(ids):
        sender.send(f"fork: state {n}", "GET", f"{path}/state/{id_}")
        at = {"checkpoint": {"checkpoint_id": id_, "checkpoint_ns": ""}}
        sender.send(f"fork: state {n} by post", "POST", f"{path}/state/checkpoint", at)
        sender.send(f"fork: before {n}", "POST", f"{path}/history", {"before": id_, "limit": 2})
    after_first = next(
        s for s in history if not s["next"] and len(s["values"]["messages"]) == len("ab")
    )
    place = {"checkpoint_id": after_first["checkpoint"]["checkpoint_id"], "checkpoint_ns": ""}
    said = {"messages": [{"role": "user", "content": "another"}]}
    sender.send(
        "fork",
        "POST",
        f"{path}/runs/stream",
        {"assistant_id": "chat", "input": said, "checkpoint": place, "stream_mode": ["values"]},
    )
    look(sender, "fork: after", path)


def busy(sender: Sender) -> None:
    thread = sender.send("busy: thread", "POST", "/threads", {})
    path = f"/threads/{thread['thread_id']}"
    slow = {"assistant_id": "slow", "input": {"topic": "x"}}
    run = sender.send("busy: slow", "POST", f"{path}/runs", slow)
    sender.send("busy: refused", "POST", f"{path}/runs", slow)
    sender.send("busy: update", "POST", f"{path}/state", {"values": {"topic": "y"}})
    steps = {"assistant_id": "steps", "input": {"topic": "y"}}
    sender.send(
        "busy: in line", "POST", f"{path}/runs/wait", {**steps, "multitask_strategy": "enqueue"}
    )
    sender.send("busy: first", "GET", f"{path}/runs/{run['run_id']}")
    look(sender, "busy: after the line", path)
    other = sender.send("busy: slow again", "POST", f"{path}/runs", slow)
    sender.send(
        "busy: instead", "POST", f"{path}/runs/wait", {**steps, "multitask_strategy": "interrupt"}
    )
    sender.send("busy: interrupted", "GET", f"{path}/runs/{other['run_id']}")
    last = sender.send("busy: slow once more", "POST", f"{path}/runs", slow)
    sender.send("busy: cancel", "POST", f"{path}/runs/{last['run_id']}/cancel?wait=true")
    sender.send("busy: cancelled", "GET", f"{path}/runs/{last['run_id']}")
    sender.send("busy: cancelled thread", "GET", path)


def deletions(sender: Sender) -> None:
    thread = sender.send("deletions: thread", "POST", "/threads", {})
    path = f"/threads/{thread['thread_id']}"
    runs: list[str] = []
    for topic in ("x", "y", "z"):
        body = {"assistant_id": "steps", "input": {"topic": topic}}
        run = sender.send(f"deletions: {topic}", "POST", f"{path}/runs", body)
        runs.append(run["run_id"])
        sender.send(f"deletions: joined {topic}", "GET", f"{path}/runs/{run['run_id']}/join")
    for n in (1, 2, 0):
        sender.send(f"deletions: run {n}", "DELETE", f"{path}/runs/{runs[n]}")
        sender.send(f"deletions: run {n} gone", "GET", f"{path}/runs/{runs[n]}")
        sender.send(f"deletions: run {n} again", "DELETE", f"{path}/runs/{runs[n]}")
        look(sender, f"deletions: without {n}", path)
    sender.send("deletions: runs", "GET", f"{path}/runs")


def protocol(sender: Sender, graph: str) -> None:
    """A run over the thread protocol: commands, and the events of the thread."""
    label = f"protocol, {graph}"
    thread = sender.send(f"{label}: thread", "POST", "/threads", {})
    path = f"/threads/{thread['thread_id']}"
    start = {"assistant_id": graph, "input": {"topic": "x"}}
    sender.command(f"{label}: start", path, "run.start", start)
    sender.follow(f"{label}: events", path, CHANNELS, runs=1)
    for channel in CHANNELS:
        sender.follow(f"{label}: {channel}", path, ["lifecycle", channel], runs=1)
    sender.follow(f"{label}: root", path, CHANNELS, runs=1, namespaces=[[]], depth=0)
    state = sender.command(f"{label}: state", path, "state.get", {})
    keys = {"keys": ["topic"]}
    sender.command(f"{label}: some of it", path, "state.get", keys)
    if graph == "ask":
        asked = sender.send(f"{label}: asked", "GET", f"{path}/state")["tasks"][0]["interrupts"][0]
        answer = {"interrupt_id": asked["id"], "response": "yes"}
        sender.command(f"{label}: answer", path, "input.respond", answer)
        sender.follow(f"{label}: all events", path, CHANNELS, runs=2)
    else:
        answer = {"interrupt_id": "nope", "response": "yes"}
        sender.command(f"{label}: no answer", path, "input.respond", answer)
    sender.command(f"{label}: state again", path, "state.get", {})
    sender.command(f"{label}: nameless", path, "run.start", {"assistant_id": ""})
    sender.command(f"{label}: answerless", path, "input.respond", {})
    sender.command(f"{label}: unknown", path, "nope", {})
    assert state["type"] == "success"


def refusals(sender: Sender) -> None:
    run: dict[str, Any] = {"assistant_id": "steps", "input": {}}
    for path in (f"/threads/{NOBODY}", f"/threads/{NOBODY}/state", f"/threads/{NOBODY}/history"):
        sender.send(f"nobody's {path[45:]}", "GET", path)
    sender.send("nobody's run", "GET", f"/threads/{NOBODY}/runs/{NOBODY}")
    sender.send("nobody's runs", "GET", f"/threads/{NOBODY}/runs")
    sender.send("no uuid", "GET", "/threads/nobody")
    for fields in (
        {"assistant_id": "nope"},
        {"assistant_id": None},
        {"stream_mode": "nope"},
        {"multitask_strategy": "nope"},
        {"on_disconnect": "nope"},
        {"if_not_exists": "nope"},
        {"metadata": "nope"},
    ):
        sender.send(f"wrong {fields}", "POST", "/runs", {**run, **fields})
    for body in ({"thread_id": "nope"}, {"if_exists": "nope"}, {"metadata": "nope"}):
        sender.send(f"wrong thread {body}", "POST", "/threads", body)
    for body in (
        {"limit": 0},
        {"limit": 2000},
        {"offset": -1},
        {"status": "nope"},
        {"sort_order": "nope"},
    ):
        sender.send(f"wrong search {body}", "POST", "/threads/search", body)
