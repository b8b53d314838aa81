"""Lint the prose of the given files, or of the repository but its tests; 1 if anything is found."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from tools.prose.passages import passages
from tools.prose.style import findings

NOT_OURS: Final = (
    "*/vendor/*",
    "bench/results/*",
    "requirements/*",
    "tools/prose/style.toml",
    "LICENSE",
)


def main(names: Sequence[str]) -> int:
    """Print the findings, one per line."""
    prose = [passage for path in _files(names) for passage in passages(path)]
    found = findings(prose)
    for finding in found:
        sys.stdout.write(f"{finding}\n")
    if found:
        sys.stderr.write(f"{len(found)} findings; tools/prose/style.toml has the rules\n")
    return min(len(found), 1)


def _files(names: Sequence[str]) -> Iterator[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--"]
    command += names or (".", ":!tests")
    listed = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - git, with names of files
    for name in dict.fromkeys(listed.stdout.splitlines()):
        path = Path(name)
        if path.is_file() and not path.is_symlink() and not any(fnmatch(name, p) for p in NOT_OURS):
            yield path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
