"""What people and other programs see of events, however hostile the text in them is."""

import io
import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from tailrace import ReceivedEvent
from tailrace.cli.render import ReadableView
from tailrace.cli.terminal import json_line, one_line, visible
from tests.support.hostile import HOSTILE, assert_harmless


def event(seq: int, name: str, data: object) -> ReceivedEvent:
    return ReceivedEvent(seq, name, orjson.dumps(data).decode())


def token(node: str, text: object) -> ReceivedEvent:
    message = {"type": "ai", "id": "m", "content": text}
    return event(1, "messages", {"ns": [], "node": node, "message": message})


def shown(*events: ReceivedEvent) -> str:
    out = io.StringIO()
    view = ReadableView(Console(file=out), Console(file=io.StringIO()))
    for each in events:
        view.show(each)
    return out.getvalue()


def test_tokens_run_on_under_one_heading_a_node():
    assert shown(
        token("outline", "One "),
        token("outline", "two\n"),
        token("outline", [{"type": "text", "text": "three"}, {"type": "thinking"}]),
        token("write", ""),
        token("write", "Four"),
        event(2, "updates", {"ns": ["sub:1-2"], "node": "write", "data": {"write": {}}}),
    ) == ("\n── outline ──\nOne two\nthree\n\n── write ──\nFour\ndone: sub / write\n")


def test_a_tool_answers_by_name():
    message = {"type": "tool", "id": "m", "name": "clock", "content": "12\n30"}
    text = shown(event(1, "messages", {"ns": [], "node": "tools", "message": message}))
    assert text.endswith("clock answers: 12\\n30\n")


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({"percentage": 50, "message": "half"}, f"[{'#' * 15}{'-' * 15}]  50% half"),
        ({"step": 3, "total_steps": 3}, f"[{'#' * 30}] 100%"),
        ({"percentage": 1e9}, f"[{'#' * 30}] 100%"),
        ({"step": 1, "total_steps": 0}, '{"step":1,"total_steps":0}'),
        ("plain", '"plain"'),
        (None, "null"),
    ],
)
def test_progress_is_a_bar_and_other_data_is_json(data: object, line: str):
    assert shown(event(1, "custom", {"ns": [], "data": data})) == f"{line}\n"


@pytest.mark.parametrize(
    ("name", "data", "line"),
    [
        ("status", {"status": "running", "attempt": 1, "at": "t"}, "running, attempt 1"),
        (
            "status",
            {"status": "running", "attempt": 2, "reason": "worker_lost", "resumed": True},
            "running, attempt 2, worker_lost, resumes from a checkpoint",
        ),
        (
            "gap",
            {"from": 2, "to": 9, "reason": "trimmed"},
            "events 2 to 9 are missing (trimmed)",
        ),
        ("debug", {"ns": [], "data": 1}, 'debug: {"ns":[],"data":1}'),
        (
            "end",
            {"status": "failed", "error": {"type": "rate-limit", "detail": "Later."}},
            "failed\nLater. (rate-limit)",
        ),
        ("end", {"status": "succeeded", "result": {"n": 1}}, 'succeeded\nresult: {"n":1}'),
    ],
)
def test_what_happens_to_a_job_is_told(name: str, data: object, line: str):
    assert shown(event(1, name, data)) == f"{line}\n"


def test_nothing_from_outside_commands_the_terminal():
    everywhere = {
        "ns": [HOSTILE],
        "node": HOSTILE,
        "status": HOSTILE,
        "reason": HOSTILE,
        "data": {"percentage": 1, "message": HOSTILE},
        "message": {"type": "tool", "name": HOSTILE, "content": HOSTILE},
        "error": {"type": HOSTILE, "detail": HOSTILE},
        "result": HOSTILE,
        "from": HOSTILE,
    }
    names = ["status", "messages", "custom", "updates", "gap", "end", HOSTILE]
    text = shown(token("n", HOSTILE), *(event(1, name, everywhere) for name in names))
    assert_harmless(text)
    assert "[red]not red[/red]" in text


@given(st.text())
def test_visible_text_has_no_control_but_line_feed_and_tab(text: str):
    assert all(c in "\n\t" or ord(c) >= 32 for c in visible(text))
    assert not one_line(text).splitlines()[1:]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=50)
@given(JSON)
def test_a_json_line_is_one_line_and_says_the_same(value: object):
    line = json_line(event(7, "custom", value))
    assert json.loads(line) == {"id": 7, "event": "custom", "data": value}
    assert len(line.splitlines()) == 1
    assert not set(line) & {"\x1b", "\x9b", "\x7f", "\u202e"}


def test_a_traceback_is_shown_line_by_line():
    error = {"type": "internal", "detail": "ValueError: x", "traceback": 'File "a.py"\n  raise\n'}

    assert shown(event(9, "end", {"status": "failed", "error": error})) == (
        'failed\nValueError: x (internal)\nFile "a.py"\n  raise\n'
    )
