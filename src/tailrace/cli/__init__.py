"""The command `tailrace`, over the client: turns what went wrong into a line and a code.

commands        run, follow, resume, cancel, list graphs, make keys
json_arguments  a value as it is given on the command line: JSON, `@file`, or `-`
watch           a job's events until it ends, or from where a watch broke off
render          events as NDJSON, and for people
terminal        where output goes, and text made harmless for it
exit_codes      what a script learns
keys            API keys
local_service   a service on this machine, while a block runs
demo            one job, cut in the middle and compared with its log
"""

import sys
from collections.abc import Sequence

from tailrace import NotSent, TailraceError
from tailrace.cli.commands import app
from tailrace.cli.exit_codes import REFUSED, USAGE
from tailrace.cli.terminal import one_line, stderr


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script `tailrace`; leaves by `SystemExit` with one of `exit_codes`."""
    try:
        app(arguments)
    except TailraceError as error:
        stderr().out(f"tailrace: {one_line(str(error))}", highlight=False)
        sys.exit(USAGE if isinstance(error, NotSent) else REFUSED)
