"""The local model's weights: where they are, and how they get there.

`python -m tailrace.deploy.local.model_file` fetches them, unless they are there; `--if-needed` also
leaves it if another model is set up. The package that carries them depends on a library that takes
minutes to compile and is of no use here. So it is not a dependency: its wheel alone is unpacked
beside the environment's packages, by the pip or uv of that environment, and only if its hash is
the one in `model.txt`.
"""

import argparse
import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from dotenv import load_dotenv

from tailrace.deploy.local.errors import LocalError
from tailrace.deploy.local.install import installer, installer_environment

PINNED: Final = Path(__file__).with_name("model.txt")
MEGABYTES: Final = 93


def model_file() -> Path | None:
    """The file of weights, if it has been fetched."""
    return next(_folder().glob("*/*.gguf"), None)


def another_is_set_up() -> bool:
    """Whether the environment names a model, so that the local one is not needed."""
    return any(os.environ.get(name) for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"))


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
    # pip first: where a company has an index or an authority of its own, pip is set up for it.
    pip_or_uv = installer("pip" if importlib.util.find_spec("pip") else "uv")
    command = (
        *(*pip_or_uv, "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"),
        *("--target", str(folder), "--requirement", str(PINNED)),
    )
    # No timeout: it has said what it does, and Ctrl-C ends it.
    done = subprocess.run(command, check=False, env=installer_environment())  # noqa: S603 - ours
    if done.returncode:
        raise LocalError("the local model could not be fetched (the lines above say why)")


def main() -> int:
    """Fetch the weights; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tailrace.deploy.local.model_file")
    parser.add_argument(
        "--if-needed", action="store_true", help="only if OPENAI_* set up no other model"
    )
    needed = parser.parse_args().if_needed
    load_dotenv(".env", override=False)
    try:
        if not (needed and another_is_set_up()):
            fetch()
    except LocalError as error:
        sys.stderr.write(f"tailrace: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


if __name__ == "__main__":
    sys.exit(main())
