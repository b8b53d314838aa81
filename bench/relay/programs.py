"""The C programs, compiled for this machine, and the limits of the machine that they need."""

import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools import programs

_FOLDER: Final = Path(__file__).parent
_SOURCES: Final = {
    "loadgen": ("loadgen.c", "listener.c", "stream.c"),
    "publisher": ("publisher.c",),
    "trivial": ("trivial.c",),
}
_BUILD_S: Final = 60
_FILES: Final = 12_000
"""Five thousand listeners are ten thousand sockets where each has one to the store too."""


class Unprepared(Exception):
    """The machine lacks something that the run needs; the message says how to get it."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The C programs; each says at its head what it does."""

    loadgen: Path
    publisher: Path
    trivial: Path

    @classmethod
    def compiled(cls, folder: Path) -> "Programs":
        """All of them, built from source into the folder.

        Raises:
            Unprepared: there is no C compiler.
        """
        compiler = programs.find("cc")
        if compiler is None:
            raise Unprepared(programs.lack("cc"))
        return cls(**{name: _built(compiler, name, folder) for name in _SOURCES})


def _built(compiler: str, name: str, folder: Path) -> Path:
    program = folder / name
    command = [compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", program]
    sources = [_FOLDER / file for file in _SOURCES[name]]
    subprocess.run([*command, *sources], check=True, timeout=_BUILD_S)  # noqa: S603 - ours
    return program


def raise_file_limit() -> None:
    """Let this process, and those that it starts, open as many files as the system allows.

    Raises:
        Unprepared: that is too few.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < _FILES:
        raise Unprepared(f"{hard} open files are allowed; {_FILES} are needed: raise ulimit -n")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
