"""`python -m tests.faults --seed 7 --scale 0.1`: all passes, their tables, and an exit code."""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests.faults.plan import passes
from tests.faults.report import say
from tests.faults.run import run_pass


def main() -> int:
    """Run both passes; 0 if nothing was broken and nothing left out."""
    parser = argparse.ArgumentParser(prog="make test-faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same schedule")
    parser.add_argument("--scale", type=float, default=1.0, help="part of the faults and jobs")
    parser.add_argument("--only", help="the pass of this name alone")
    parser.add_argument("--keep", action="store_true", help="keep the processes' output")
    chosen = parser.parse_args()
    _forget_own_settings()
    folder = Path(tempfile.mkdtemp(prefix="tailrace-faults-"))
    failures: list[str] = []
    for number, plan in enumerate(passes(chosen.seed, chosen.scale)):
        if chosen.only in (None, plan.name):
            (place := folder / str(number)).mkdir()
            outcome = asyncio.run(run_pass(plan, place))
            say("\n".join(["", *outcome.table, ""]))
            failures += [f"{plan.name}: {failure}" for failure in outcome.failures]
    if failures or chosen.keep:
        say(f"The processes' output is in {folder}")
    else:
        shutil.rmtree(folder)
    say("\n".join(["FAILED", *failures]) if failures else "PASSED")
    return 1 if failures else 0


def _forget_own_settings() -> None:
    """The settings of whoever runs this are not the passes'."""
    for name in [name for name in os.environ if name.startswith("TAILRACE_")]:
        del os.environ[name]


if __name__ == "__main__":
    sys.exit(main())
