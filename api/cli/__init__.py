"""The command line, over `api.client`: this file turns what went wrong into a line and a code."""

import sys
from collections.abc import Sequence

from api.cli.commands import app
from api.cli.consoles import stderr
from api.cli.outcomes import REFUSED, USAGE
from api.cli.text import one_line
from api.client import NotSent, TailraceError


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script `tailrace`; leaves by `SystemExit` with one of `outcomes`' codes."""
    try:
        app(arguments)
    except TailraceError as error:
        stderr().out(f"tailrace: {one_line(str(error))}", highlight=False)
        sys.exit(USAGE if isinstance(error, NotSent) else REFUSED)
