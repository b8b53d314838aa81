"""The two sides: this tree, and another commit with an environment of its own."""

import asyncio
import sys
import tempfile
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tailrace.deploy.local.die_with_parent import tied_to_parent

ROOT: Final = Path(__file__).parents[2]
_BASE: Final = Path(sys.executable).resolve()
"""The interpreter that this environment was made with; the other one's must be the same."""
_INSTALL_S: Final = 600.0
_QUICK_S: Final = 60.0
_ROOMS: Final = "import tailrace.api, tailrace.worker"


class NoSide(Exception):
    """A commit can't be checked out or installed; the message is what git, tar or make said."""


@dataclass(frozen=True, slots=True)
class Side:
    """One commit's tree."""

    name: str
    root: Path
    python: Path
    """The interpreter of its environment."""
    package: str
    """What its rooms are imported below: `tailrace.`, or nothing in older commits."""

    def module(self, room: str) -> str:
        """The name of a room for `python -m`."""
        return f"{self.package}{room}"


async def this_tree() -> Side:
    """The tree that this program is of, with whatever is not committed yet."""
    return await _side("this tree", ROOT, Path(sys.executable))


@asynccontextmanager
async def checked_out(revision: str) -> AsyncGenerator[Side]:
    """Another commit in a temporary folder, with what it has locked installed.

    Raises:
        NoSide: there is no such commit, or it can't be installed.
    """
    name = await _run("git", "-C", str(ROOT), "rev-parse", "--short", f"{revision}^{{commit}}")
    with tempfile.TemporaryDirectory(prefix="against-") as folder:
        tree = Path(folder) / "tree"
        tree.mkdir()
        archive = f"{folder}/tree.tar"
        await _run("git", "-C", str(ROOT), "archive", "--output", archive, name)
        await _run("tar", "-xf", archive, "-C", str(tree))
        make = ("make", "-C", str(tree), f"PYTHON={_BASE}")
        await _run(*make, "install", within_s=_INSTALL_S)
        yield await _side(name, tree, tree / ".venv/bin/python")


async def _side(name: str, root: Path, python: Path) -> Side:
    try:
        await _run(str(python), "-I", "-c", _ROOMS)
    except NoSide:
        return Side(name, root, python, "")
    return Side(name, root, python, "tailrace.")


async def _run(*command: str, within_s: float = _QUICK_S) -> str:
    """What a command said.

    Raises:
        NoSide: it failed.
    """
    program = ("/usr/bin/env", *command)
    process = await asyncio.create_subprocess_exec(
        *tied_to_parent(program), stdout=PIPE, stderr=STDOUT
    )
    async with asyncio.timeout(within_s):
        output, _ = await process.communicate()
    if process.returncode != 0:
        raise NoSide(f"{' '.join(command)}: {output.decode(errors='replace').strip()}")
    return output.decode().strip()
