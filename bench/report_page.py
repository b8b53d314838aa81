"""The table of goals in `docs/reference/benchmarks.md`, written from the summary."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.report import measured
from bench.report_file import Report, goals

PAGE: Final = Path(__file__).parents[1] / "docs" / "reference" / "benchmarks.md"

_BEGIN: Final = "<!-- written by `python -m bench` -->\n"
_END: Final = "<!-- until here -->\n"


def write(report: Report, page: Path = PAGE) -> None:
    """Put the table of this report into the page, between its two marks.

    Raises:
        ValueError: the page lacks a mark.
    """
    text = page.read_text()
    begin, end = text.index(_BEGIN) + len(_BEGIN), text.index(_END)
    page.write_text(text[:begin] + "".join(f"{line}\n" for line in _lines(report)) + text[end:])


def _lines(report: Report) -> Iterator[str]:
    yield ""
    yield "| | measured | goal | met |"
    yield "| --- | ---: | ---: | --- |"
    for goal in goals(report):
        met = "yes" if goal.met else "**no**"
        yield f"| {goal.name} | {measured(goal.value)} | {goal.goal.replace('|', ' ')} | {met} |"
    yield ""
    for name, section in report["sections"].items():
        machine = section["machine"]
        words = ", ".join(f"{key} {value}" for key, value in machine.items())
        yield f"- {name}: {section['date']}, {section['mode']}; {words}"
    yield ""
