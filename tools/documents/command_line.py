"""The reference of the command line: what each command says of itself."""

import os
import subprocess
import sys
from typing import Any

import typer.main
from typer.testing import CliRunner

from tailrace.cli.commands import app

_PLAIN = {"COLUMNS": "80", "NO_COLOR": "1"}
"""Eighty columns, whatever the terminal is in which the documents are written."""


def commands() -> str:
    """The help of each command, as the command prints it."""
    group: Any = typer.main.get_command(app)
    return "\n\n".join(_section(name) for name in group.commands)


def _section(name: str) -> str:
    lines = _help(name).strip().splitlines()
    return "\n".join(
        (f"## tailrace {name}", "", "```text", *(line.rstrip() for line in lines), "```")
    )


def _help(name: str) -> str:
    if name == "dev":  # it becomes another program, which has a command line of its own
        words = (sys.executable, "-m", "tailrace.deploy.local", "--help")
        env = {**os.environ, **_PLAIN}
        ran = subprocess.run(words, env=env, capture_output=True, text=True, check=True)  # noqa: S603
        return ran.stdout
    return CliRunner().invoke(app, [name, "--help"], env=_PLAIN).output
