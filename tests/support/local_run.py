"""A whole `python -m tailrace.deploy.local`: started, read, ended."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.pids import command, descendants
from tests.support.wait import wait_until

READY_S = 60.0
GONE_S = 8.0


class Run:
    """One `python -m tailrace.deploy.local` and its log."""

    def __init__(
        self,
        folder: Path,
        *words: str,
        env: Mapping[str, str],
        python: str = sys.executable,
    ) -> None:
        self.log = folder / f"{'-'.join(words)[-40:].replace('/', '_')}.log"
        command_line = (python, "-P", "-m", "tailrace.deploy.local", *words)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command_line,
                cwd=folder,
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.log.read_text()

    def process_of(self, word: str) -> int:
        """The one process of the run that has the word, or a path that ends in it, as argument."""
        words = {pid: " ".join(command(pid)).split()[:4] for pid in descendants(self.process.pid)}
        [pid] = [pid for pid in words if any(own.endswith(word) for own in words[pid])]
        return pid

    async def ready(self) -> str:
        """The address that the ready line names."""
        await wait_until(self._address, f"the ready line in {self.log}", READY_S)
        return self._address()

    async def ended_by(self, number: signal.Signals) -> int:
        """Send the signal; the exit code, if it ends within seconds."""
        self.process.send_signal(number)
        return await self.exit_code(GONE_S)

    async def exit_code(self, timeout_s: float) -> int:
        await wait_until(lambda: self.process.poll() is not None, "the run to end", timeout_s)
        return self.process.returncode

    def _address(self) -> str:
        code = self.process.poll()
        assert code is None, f"ended with {code}:\n{self.said}"
        found = re.search(r"^tailrace: ready on (\S+) \(", self.said, re.MULTILINE)
        return found[1] if found else ""

    def end(self) -> None:
        """Kill it, and print what it said, which pytest shows if the test failed."""
        self.process.kill()
        self.process.wait(GONE_S)
        sys.stdout.write(f"--- {self.log.name} ---\n{self.said}")
