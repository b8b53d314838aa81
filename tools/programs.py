"""Programs that `make install` can't bring: where they are, and what to do where they are not.

    python -m tools.programs run luacheck shared   # run it; if it is missing, say so and continue
    python -m tools.programs need docker cc        # name what is missing; 1 if anything is
    python -m tools.programs install               # as root on Debian; otherwise name them

A check that can't be run is an error where the variable CI is set, and a line on stderr elsewhere.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

APT_S: Final = 600
SYSTEM: Final = "/usr/sbin"
"""Where Debian keeps servers, and where the PATH of a user often does not lead."""


class ProgramMissing(Exception):
    """A program is not installed; the message names it and says how to get it."""


@dataclass(frozen=True, slots=True)
class Program:
    """One program, and how each system calls the package that brings it."""

    purpose: str
    debian: str = ""
    homebrew: str = ""
    advice: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def remedy(self) -> str:
        """What somebody does who has not got it."""
        ways = [
            f"apt-get install {self.debian}" if self.debian else "",
            f"brew install {self.homebrew}" if self.homebrew else "",
            self.advice,
        ]
        return ", or ".join(filter(None, ways))


PROGRAMS: Final[Mapping[str, Program]] = {
    "cc": Program(
        "compiles the load generator of the benchmarks",
        "gcc libc6-dev",
        advice="xcode-select --install",
    ),
    "chromium": Program(
        "runs the tests of the console",
        # Inter, so that pictures have a face like those of other systems.
        "chromium fonts-inter",
        "--cask chromium",
        aliases=("chromium-browser", "google-chrome"),
    ),
    "curl": Program("runs the commands that the documents show", "curl", "curl"),
    "docker": Program("runs containers", advice="install Docker with Compose 2.24 or newer"),
    "git": Program("knows which files are committed", "git", "git"),
    "hadolint": Program("checks the Dockerfile", homebrew="hadolint"),
    "luacheck": Program("checks the Lua scripts", "lua-check", "luacheck"),
    "nginx": Program("is the proxy in front of the API in some tests", "nginx-light", "nginx"),
    "openssl": Program("makes certificates for tests", "openssl", "openssl"),
    "shellcheck": Program("checks the shell scripts", "shellcheck", "shellcheck"),
}


def find(name: str) -> str | None:
    """Where a program is: in this environment, or on the PATH."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""), SYSTEM))
    names = (name, *PROGRAMS[name].aliases)
    return next(filter(None, (shutil.which(each, path=path) for each in names)), None)


def required(name: str) -> str:
    """Where a program is.

    Raises:
        ProgramMissing: it is not installed.
    """
    found = find(name)
    if found is None:
        raise ProgramMissing(lack(name))
    return found


def lack(name: str) -> str:
    """That a program is missing, what it is for, and how to get it."""
    program = PROGRAMS[name]
    return f"{name} is missing (it {program.purpose}): {program.remedy}"


def run(name: str, *arguments: str) -> int:
    """Run a check and return its exit code; 0 where the program is missing, but 1 in CI."""
    try:
        program = required(name)
    except ProgramMissing as error:
        return _tell(f"not checked: {error}", 1 if os.environ.get("CI") else 0)
    return subprocess.run([program, *arguments], check=False).returncode  # noqa: S603 - of the table


def need(*names: str) -> int:
    """Say what is missing; 1 where anything is."""
    missing = [name for name in names if find(name) is None]
    for name in missing:
        _tell(lack(name))
    return 1 if missing else 0


def install(*names: str) -> int:
    """Install what Debian has, as root; name what is still missing, and return 1 if anything is."""
    names = names or tuple(PROGRAMS)
    packages = sorted({p for name in names if find(name) is None for p in _packages(name)})
    if packages and os.geteuid() == 0 and shutil.which("apt-get"):
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", *packages)
    return need(*names)


def _packages(name: str) -> Iterable[str]:
    return PROGRAMS[name].debian.split()


def _apt(*words: str) -> None:
    """Run apt-get, whose complaints are shown; what came of it is looked at by the caller."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "--quiet", "--quiet", *words]
    subprocess.run(command, check=False, timeout=APT_S, env=environment)  # noqa: S603 - of the table


def _tell(words: str, code: int = 0) -> int:
    sys.stderr.write(words + "\n")
    return code


def main(verb: str = "", *words: str) -> int:
    """Do what the command line says."""
    match verb:
        case "run" if words:
            return run(*words)
        case "need" if words:
            return need(*words)
        case "install":
            return install(*words)
        case _:
            return _tell(str(__doc__), 2)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
