"""Which of a project's files have changed: its Python files, its `langgraph.json`, its variables.

Looks at times and sizes, so that it works on every file system and needs no package.
"""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tailrace.shared.project.requirements import code_folders
from tailrace.shared.project.values import Project

Sight = Mapping[Path, tuple[int, int]]

_LOOK_S: Final = 0.5
_SHARE: Final = 20
"""A look that takes long, in a large folder, is had that much less often."""
_PASSED_OVER: Final = frozenset({"__pycache__", "node_modules", "site-packages"})


@dataclass(frozen=True, slots=True)
class Watched:
    """The folders and files of one project."""

    folders: tuple[Path, ...]
    files: tuple[Path, ...]

    @classmethod
    def of(cls, project: Project) -> "Watched":
        """All that a worker reads of the project when it starts."""
        named = (project.path, project.env_file(), Path(".env").absolute())
        return cls(code_folders(project), tuple(file for file in named if file))

    async def changes(self, known: Sight) -> AsyncGenerator[Path]:
        """For each change since `known`, one of the files that have changed, once they rest.

        No timeout: a project may never change.
        """
        while True:
            now = await self._next_look()
            if found := _difference(known, now):
                # A tool that writes many files causes only one restart.
                while (rest := await self._next_look()) != now:
                    now = rest
                known = now
                yield found

    def look(self) -> Sight:
        """The files as they are now."""
        sight: dict[Path, tuple[int, int]] = {}
        for file in self._candidates():
            try:
                found = file.stat()
            except OSError:
                continue  # it has gone, which is a change like another
            sight[file] = (found.st_mtime_ns, found.st_size)
        return sight

    async def _next_look(self) -> Sight:
        began = time.monotonic()
        sight = await asyncio.to_thread(self.look)
        await asyncio.sleep(max(_LOOK_S, _SHARE * (time.monotonic() - began)))
        return sight

    def _candidates(self) -> Iterator[Path]:
        yield from self.files
        for root in self.folders:
            for folder, below, files in os.walk(root):
                below[:] = [name for name in below if _is_code(Path(folder, name))]
                yield from (Path(folder, name) for name in files if name.endswith(".py"))


def shown(file: Path) -> str:
    """The file as people call it from here."""
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


def _is_code(folder: Path) -> bool:
    if folder.name.startswith(".") or folder.name in _PASSED_OVER:
        return False
    return not (folder / "pyvenv.cfg").exists()


def _difference(before: Sight, now: Sight) -> Path | None:
    changed = (file for file in {**before, **now} if before.get(file) != now.get(file))
    return next(changed, None)
