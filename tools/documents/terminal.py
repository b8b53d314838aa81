"""A terminal as an animated SVG: its lines, each at its time, in a window that scrolls.

Two steps of CSS move: the text up, and a cover off it, line by line. Where motion is not wanted,
it shows the last lines. It needs no script and no font, so it also moves in an `img`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

_COLUMNS: Final = 92
_ROWS: Final = 24
_LINE: Final = 19.0
_CHARACTER: Final = 8.43
"""The width of a character of fourteen pixels in the common fonts of terminals."""
_MARGIN: Final = 18.0
_BAR: Final = 34.0
_HOLD_S: Final = 5.0
"""How long the last line is shown before the picture starts again."""
_FIELD: Final = re.compile(r"^(event|data|id|retry)(: )(.*)$")

_STYLE: Final = """\
    text { font: 14px ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace; }
    text { white-space: pre; }
    .title { font: 13px system-ui, sans-serif; fill: #8b98a5; text-anchor: middle; }
    .command { fill: #ffffff; font-weight: 600; }
    .trouble { fill: #ff9d8a; font-weight: 600; }
    .output { fill: #d6dde4; }
    .field { fill: #8b98a5; }
    .id { fill: #7fd6c6; font-weight: 600; }
    .event { fill: #f0c674; }
    .back { fill: #14191f; }
    @media (prefers-reduced-motion: reduce) { .text, .cover { animation: none !important; } }
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a terminal."""

    at_s: float
    kind: Literal["command", "output"]
    text: str


def drawn(lines: Sequence[Line]) -> str:
    """The terminal as SVG."""
    shown = [part for line in lines for part in _folded(line)]
    whole_s = shown[-1].at_s + _HOLD_S
    width, height = _COLUMNS * _CHARACTER + 2 * _MARGIN, _BAR + _ROWS * _LINE + _MARGIN
    last = len(shown)
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            'role="img" aria-labelledby="title desc">',
            '  <title id="title">A stream that is cut and resumed</title>',
            '  <desc id="desc">A terminal follows a job. The connection is cut in the middle of an '
            "event. The same request with the last number resumes at the next one.</desc>",
            f"  <style>\n{_STYLE}",
            _animation("scroll", shown, whole_s, lambda n: -_scrolled(n)),
            _animation("uncover", shown, whole_s, lambda n: n * _LINE),
            f"    .text {{ transform: translateY({-_scrolled(last):.0f}px); "
            f"animation: scroll {whole_s:.2f}s infinite; }}",
            f"    .cover {{ transform: translateY({last * _LINE:.0f}px); "
            f"animation: uncover {whole_s:.2f}s infinite; }}",
            "  </style>",
            f'  <rect class="back" width="{width:.0f}" height="{height:.0f}" rx="10"/>',
            *(
                f'  <circle cx="{20 + 18 * n}" cy="18" r="5.5" fill="{colour}"/>'
                for n, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
            ),
            f'  <text class="title" x="{width / 2:.0f}" y="22">one job, one cut</text>',
            f'  <svg y="{_BAR:.0f}" width="{width:.0f}" height="{_ROWS * _LINE:.0f}">',
            '    <g class="text">',
            *(f"      {_text(n, line)}" for n, line in enumerate(shown)),
            f'      <rect class="back cover" width="{width:.0f}" height="{last * _LINE:.0f}"/>',
            "    </g>\n  </svg>\n</svg>\n",
        )
    )


def _folded(line: Line) -> list[Line]:
    """The line as a terminal folds it at its last column."""
    starts = range(0, max(len(line.text), 1), _COLUMNS)
    return [Line(line.at_s, line.kind, line.text[n : n + _COLUMNS]) for n in starts]


def _scrolled(lines: int) -> float:
    return max(lines - _ROWS, 0) * _LINE


def _animation(
    name: str, lines: Sequence[Line], whole_s: float, place: Callable[[int], float]
) -> str:
    """Steps from line to line: where something stands once so many lines are there."""
    steps = {line.at_s: n for n, line in enumerate(lines, 1)}
    frames = (
        f"{at_s / whole_s:.3%} {{ transform: translateY({place(n):.0f}px); }}"
        for at_s, n in steps.items()
    )
    ease = "animation-timing-function: step-end;"
    rules = " ".join(frame.replace("}", f"{ease} }}") for frame in frames)
    return f"    @keyframes {name} {{ {rules} }}"


def _text(n: int, line: Line) -> str:
    before, trouble, after = line.text.partition("curl: ")
    inside = _coloured(escape(before, quote=False))
    if trouble:
        inside += f'<tspan class="trouble">{escape(trouble + after, quote=False)}</tspan>'
    return (
        f'<text class="{line.kind}" x="{_MARGIN:.0f}" y="{(n + 0.78) * _LINE:.0f}">{inside}</text>'
    )


def _coloured(text: str) -> str:
    """A field of a frame, its name and its value apart."""
    if field := _FIELD.match(text):
        kind = field[1] if field[1] in {"id", "event"} else "output"
        name = f'<tspan class="field">{field[1]}{field[2]}</tspan>'
        return f'{name}<tspan class="{kind}">{field[3]}</tspan>'
    return text
