"""The command line, over `tailrace.api.client`: turns what went wrong into a line and a code."""

import sys
from collections.abc import Sequence

from tailrace.api.cli.commands import app
from tailrace.api.cli.consoles import stderr
from tailrace.api.cli.outcomes import REFUSED, USAGE
from tailrace.api.cli.text import one_line
from tailrace.api.client import NotSent, TailraceError


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script `tailrace`; leaves by `SystemExit` with one of `outcomes`' codes."""
    try:
        app(arguments)
    except TailraceError as error:
        stderr().out(f"tailrace: {one_line(str(error))}", highlight=False)
        sys.exit(USAGE if isinstance(error, NotSent) else REFUSED)
