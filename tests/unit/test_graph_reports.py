"""The graphs that need no model: steps, progress, countdown, thinking."""

from typing import Any, cast

import pytest

from tailrace.worker.graphs import countdown, progress, steps, thinking

STEPS, PROGRESS = cast("Any", (steps.graph, progress.graph))
COUNTDOWN, THINKING = cast("Any", (countdown.graph, thinking.graph))


async def custom(graph: Any, value: dict[str, object]) -> list[Any]:
    return [part async for part in graph.astream(value, stream_mode="custom")]


async def test_three_steps_each_add_their_line_to_what_was_given() -> None:
    updates = [u async for u in STEPS.astream({"messages": ["start"]}, stream_mode="updates")]
    assert updates == [
        {"a": {"messages": ["Node A processed"]}},
        {"b": {"messages": ["Node B processed"]}},
        {"c": {"messages": ["Node C processed"]}},
    ]
    result = await STEPS.ainvoke({"messages": ["start"]})
    lines = ["start", "Node A processed", "Node B processed", "Node C processed"]
    assert result == {"messages": lines}


async def test_steps_begin_with_nothing_if_nothing_is_given() -> None:
    assert len((await STEPS.ainvoke({}))["messages"]) == 3


async def test_progress_reports_every_step_with_its_percentage() -> None:
    events = await custom(PROGRESS, {"task_title": "Report", "interval_s": 0})
    assert [event["percentage"] for event in events] == [20, 40, 60, 80, 100]
    assert events[1] == {
        "task_title": "Report",
        "step": 2,
        "total_steps": 5,
        "message": "Processing requirements...",
        "percentage": 40,
    }


@pytest.mark.parametrize("total", [1, 3, 7, 1000])
async def test_progress_of_any_length_rises_to_a_hundred(total: int) -> None:
    events = await custom(PROGRESS, {"total_steps": total, "interval_s": 0})
    percentages = [event["percentage"] for event in events]
    assert len(events) == total
    assert percentages == sorted(percentages)
    assert percentages[-1] == 100


async def test_progress_ends_with_the_task_completed() -> None:
    result = await PROGRESS.ainvoke({"total_steps": 2, "interval_s": 0})
    assert result == {"task_title": "Task", "total_steps": 2, "status": "completed"}


async def test_a_countdown_ticks_and_says_that_it_is_over() -> None:
    events = await custom(COUNTDOWN, {"seconds": 2})
    assert events == [{"remaining": 2}, {"remaining": 1}, {"message": "Countdown finished!"}]


async def test_a_countdown_returns_what_it_counted() -> None:
    result = await COUNTDOWN.ainvoke({"seconds": 1})
    assert result == {"seconds": 1, "message": "Countdown finished!"}


@pytest.mark.parametrize("thoughts", [3, 4, 5])
async def test_thinking_goes_from_thoughts_to_a_conclusion(thoughts: int) -> None:
    events = await custom(THINKING, {"thoughts": thoughts, "pace_s": 0})
    kinds = [event["kind"] for event in events]
    assert kinds == ["thinking", *["thought"] * thoughts, "conclusion"]
    assert events[0]["message"] == "Analyzing request..."
    numbers = [event["number"] for event in events if event["kind"] == "thought"]
    assert numbers == list(range(1, thoughts + 1))


async def test_the_conclusion_is_about_the_request() -> None:
    result = await THINKING.ainvoke({"request": "Who keeps the lighthouse?", "pace_s": 0})
    assert result["conclusion"] == "This is a question about keeps, lighthouse."


@pytest.mark.parametrize("request_text", ["?", "the of a", " is ", "\u00a0a", "x" * 2000])
async def test_thinking_copes_with_any_request(request_text: str) -> None:
    events = await custom(THINKING, {"request": request_text, "thoughts": 5, "pace_s": 0})
    assert len(events) == 7
