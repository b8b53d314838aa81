"""`make picture`: a real job in a terminal, its connection cut, resumed at the next number.

A service of its own runs, curl reads the events through a proxy that cuts the first connection in
the middle of a frame, and resumes after the last number that it printed. What the picture
shows is what the commands printed, at the pace at which they printed it.
"""

import asyncio
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.support.cutting_proxy import Cut, cutting
from tests.support.processes import running_service
from tools.documents.terminal import Line, drawn

PICTURE: Final = Path(__file__).parents[2] / "docs" / "images" / "resume.svg"
_BIN: Final = Path(__file__).parents[2] / ".venv" / "bin"
_CUT_AT: Final = 590
"""In the middle of the fifth frame: the head of the response counts too."""
_READ_S: Final = 1.2
"""What a reader needs for a command before its output begins; the commands take no longer."""


@dataclass(slots=True)
class Terminal:
    """What a terminal shows, and when."""

    env: dict[str, str]
    lines: list[Line]
    at_s: float = 0.0

    async def run(self, command: str) -> str:
        """Run a command as it is written; returns what it printed."""
        self.lines.append(Line(self.at_s, "command", f"$ {command}"))
        self.at_s += _READ_S
        began = time.monotonic() - self.at_s
        process = await asyncio.create_subprocess_exec(
            *("bash", "-c", command),
            env=self.env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert process.stdout is not None
        printed = list[str]()
        async for line in process.stdout:
            self.at_s = time.monotonic() - began
            printed.append(line.decode().rstrip("\n"))
            self.lines.append(Line(self.at_s, "output", printed[-1]))
        await process.wait()
        return "\n".join(printed)


async def record(folder: Path) -> list[Line]:
    """Run the job; returns what the terminal shows."""
    cut_next = False

    def plan(_: int) -> Cut | None:
        nonlocal cut_next
        cut_next, cut = False, Cut(_CUT_AT, "fin") if cut_next else None
        return cut

    async with running_service(folder) as service:
        port = int(service.url.rpartition(":")[2])
        async with cutting(port, plan) as proxy:
            path = f"{_BIN}{os.pathsep}{os.environ['PATH']}"
            env = {**os.environ, "PATH": path, "TAILRACE_URL": proxy.url, "API": proxy.url}
            terminal = Terminal(env, [])
            post = """tailrace run countdown --input '{"seconds": 5}' --detach"""
            env["JOB"] = await terminal.run(post)
            cut_next = True
            events = await terminal.run(f"curl -sSN $API/jobs/{env['JOB']}/events")
            last = re.findall(r"^id: (\d+)$", events, re.MULTILINE)[-1]
            resume = f"curl -sSN -H 'Last-Event-ID: {last}' $API/jobs/{env['JOB']}/events"
            await terminal.run(resume)
            return terminal.lines


def main() -> None:
    """Record the job and draw it."""
    with TemporaryDirectory(prefix="tailrace-picture-") as folder:
        lines = asyncio.run(record(Path(folder)))
    PICTURE.write_text(drawn(lines))
    print(PICTURE)  # noqa: T201 - the command's output


if __name__ == "__main__":
    main()
