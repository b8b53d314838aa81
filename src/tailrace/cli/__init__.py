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
from importlib import import_module

from tailrace.extras import ExtraMissing, need


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script `tailrace`; leaves by `SystemExit` with one of `exit_codes`."""
    try:
        need("cli")
        import_module("tailrace.cli.commands").main(arguments)
    except ExtraMissing as error:
        sys.stderr.write(f"tailrace: {error}\n")
        sys.exit(2)
