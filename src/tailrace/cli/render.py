"""A job's events as NDJSON (`NdjsonView`) and for people (`ReadableView`).

The readable view shows tokens as they come, headings and progress, and shortens; NDJSON leaves
nothing out. Every text comes from outside, so all of it passes `terminal` on its way.
"""

from typing import Final, Protocol

from rich.console import Console

from tailrace import JsonValue, ReceivedEvent
from tailrace.cli.terminal import json_line, one_line, preview, visible

Fields = dict[str, JsonValue]

_DATA_SHOWN: Final = 160
_RESULT_SHOWN: Final = 300
_BAR_WIDTH: Final = 30
_END_STYLES: Final = {"succeeded": "green", "failed": "red", "cancelled": "yellow"}


class View(Protocol):
    """Shows events as they come. Notes are about them and go to stderr."""

    def show(self, event: ReceivedEvent) -> None:
        """Show the next event."""
        ...

    def note(self, text: str) -> None:
        """Say something that is not part of the log."""
        ...


class NdjsonView:
    """One line of JSON an event, nothing left out."""

    def __init__(self, out: Console, err: Console) -> None:
        self._out = out
        self._err = err

    def show(self, event: ReceivedEvent) -> None:
        """Write the event."""
        self._out.out(json_line(event), highlight=False)

    def note(self, text: str) -> None:
        """Say something on stderr."""
        self._err.out(one_line(text), style="dim", highlight=False)


class ReadableView:
    """What has been shown so far decides what is needed next: a line break, a heading."""

    def __init__(self, out: Console, err: Console) -> None:
        self._out = out
        self._err = err
        self._heading = ""
        self._in_line = False

    def show(self, event: ReceivedEvent) -> None:
        """Show the event."""
        match event.name:
            case "messages":
                self._message(event.fields)
            case "custom":
                self._line(_custom(event.fields.get("data")), "dim")
            case "updates":
                self._line(f"done: {_place(event.fields)}", "dim")
            case "status":
                self._line(_status(event.fields), "dim")
            case "gap":
                self._line(_gap(event.fields), "yellow")
            case "end":
                self._end(event.fields)
            case _:
                self._line(f"{event.name}: {preview(event.value, _DATA_SHOWN)}", "dim")

    def note(self, text: str) -> None:
        """Say something on stderr, on a line of its own."""
        self._break()
        self._err.out(one_line(text), style="dim", highlight=False)

    def _message(self, fields: Fields) -> None:
        message = fields.get("message")
        if not isinstance(message, dict):
            self._line(preview(fields, _DATA_SHOWN), "dim")
            return
        text = message_text(message)
        self._head(_place(fields))
        if message.get("type") == "tool":
            self._line(f"{_text(message, 'name') or 'tool'} answers: {text}", "cyan")
        else:
            self._write(text)

    def _end(self, fields: Fields) -> None:
        status = _text(fields, "status")
        style = _END_STYLES.get(status, "")
        self._line(status, f"bold {style}")
        error = fields.get("error")
        if isinstance(error, dict):
            self._line(f"{_text(error, 'detail')} ({_text(error, 'type')})", style)
            for line in _text(error, "traceback").splitlines():
                self._line(line, "dim")
        if "result" in fields:
            self._line(f"result: {preview(fields['result'], _RESULT_SHOWN)}", "dim")

    def _head(self, heading: str) -> None:
        if heading == self._heading:
            return
        self._line("", "")
        self._line(f"── {heading} ──", "bold")
        self._heading = heading

    def _write(self, text: str) -> None:
        if not text:
            return
        self._out.out(visible(text), end="", highlight=False)
        self._in_line = not text.endswith("\n")

    def _line(self, text: str, style: str) -> None:
        self._break()
        self._out.out(one_line(text), style=style or None, highlight=False)

    def _break(self) -> None:
        if self._in_line:
            self._out.out("", highlight=False)
        self._in_line = False


def message_text(message: Fields) -> str:
    """The words in a message's content, whether it is a text or a list of blocks."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "".join(_block_text(block) for block in blocks)


def _block_text(block: JsonValue) -> str:
    if isinstance(block, str):
        return block
    return _text(block, "text") if isinstance(block, dict) else ""


def _place(fields: Fields) -> str:
    """Where in the graph: the subgraphs by name, then the node."""
    above = fields.get("ns")
    path = [str(part).partition(":")[0] for part in above] if isinstance(above, list) else []
    return " / ".join([*path, _text(fields, "node") or "graph"])


def _status(fields: Fields) -> str:
    parts = [_text(fields, "status"), f"attempt {fields.get('attempt')}", _text(fields, "reason")]
    if fields.get("resumed"):
        parts.append("resumes from a checkpoint")
    if fields.get("interrupts"):
        parts.append(f"asks: {preview(fields['interrupts'], _DATA_SHOWN)}")
    elif following := fields.get("next"):
        parts.append(f"next: {preview(following, _DATA_SHOWN)}")
    return ", ".join(part for part in parts if part)


def _gap(fields: Fields) -> str:
    first, last, reason = (fields.get(name) for name in ("from", "to", "reason"))
    return f"events {first} to {last} are missing ({reason})"


def _custom(data: JsonValue) -> str:
    if isinstance(data, dict) and (share := _share(data)) is not None:
        done = round(share * _BAR_WIDTH)
        bar = "#" * done + "-" * (_BAR_WIDTH - done)
        return f"[{bar}] {share:4.0%} {_text(data, 'message')}".rstrip()
    return preview(data, _DATA_SHOWN)


def _share(data: Fields) -> float | None:
    """How much of a task is done, from 0 to 1, if the data tells of progress."""
    percentage, step, steps = (data.get(name) for name in ("percentage", "step", "total_steps"))
    if isinstance(percentage, int | float):
        return min(max(percentage / 100, 0), 1)
    if isinstance(step, int) and isinstance(steps, int) and steps > 0:
        return min(max(step / steps, 0), 1)
    return None


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
