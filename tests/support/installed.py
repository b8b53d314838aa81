"""Environments of a test's own, with the wheel and the packages that its extras need.

The packages are copied from the environment that runs the tests, so no registry is needed.
"""

import subprocess
import sys
import tarfile
import venv
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.processes import ROOT


def build_wheel(folder: Path) -> Path:
    """Build the wheel from what the sdist holds."""
    _build(ROOT, "sdist", folder)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    _build(folder / sdist.name.removesuffix(".tar.gz"), "wheel", folder)
    (built,) = folder.glob("*.whl")
    return built


def install(wheel: Path, folder: Path, *extras: str) -> Path:
    """Make an environment with the wheel and these extras; the path of its `bin`."""
    packages = empty_environment(folder)
    for name in needed("tailrace", *extras) - {"tailrace"}:
        _copy(name, packages)
    pip = (sys.executable, "-m", "pip", "--python", str(folder / "bin/python"))
    ran(*pip, "install", "--no-index", "--no-deps", "--quiet", str(wheel))
    ran(*pip, "check")
    return folder / "bin"


def empty_environment(folder: Path) -> Path:
    """Make an environment without any package; the path of its `site-packages`."""
    venv.create(folder, with_pip=False, symlinks=True)
    [packages] = (folder / "lib").glob("python*/site-packages")
    return packages


def needed(name: str, *extras: str) -> set[str]:
    """The distributions that one with these extras needs, and what these need."""
    found: set[tuple[str, str]] = set()
    waiting = [(name, extra) for extra in ("", *extras)]
    while waiting:
        distribution, extra = waiting.pop()
        for wanted in map(Requirement, metadata.requires(distribution) or ()):
            if wanted.marker and not wanted.marker.evaluate({"extra": extra}):
                continue
            new = {(canonicalize_name(wanted.name), more) for more in ("", *wanted.extras)} - found
            found |= new
            waiting += new
    return {distribution for distribution, _ in found}


def ran(*command: str, cwd: Path | None = None) -> str:
    """What a command that must succeed has printed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _build(source: Path, target: str, folder: Path) -> None:
    ran(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder), cwd=source)


def _copy(name: str, packages: Path) -> None:
    for file in _files(name):
        target = packages / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(Path(str(file.locate())).read_bytes())


def _files(name: str) -> Iterator[metadata.PackagePath]:
    for file in metadata.files(name) or ():
        if not str(file).startswith("..") and file.suffix != ".pyc":
            yield file
