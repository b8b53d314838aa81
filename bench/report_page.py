"""The table of goals in `docs/reference/benchmarks.md`; `make generate` writes it there."""

from collections.abc import Iterator

from bench.report import measured
from bench.report_file import Report, goals


def markdown(report: Report) -> str:
    """Every goal beside what was measured, then when and on which machine."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
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
