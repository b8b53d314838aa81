"""Worker processes by the hundred: forked off one that has imported everything.

`python -m tests.corpus.nursery` reads a line of JSON for each, its environment and its log, and
writes its process id. A start takes a tenth of a second instead of three. A child ends with this
process, which ends with the one that started it.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn

from tailrace.deploy.local.die_with_parent import _die_with_parent  # pyright: ignore[reportPrivateUsage]
from tailrace.worker.__main__ import main as work
from tests.corpus.graphs import ALL


def main() -> None:
    """Fork a worker for each line."""
    assert ALL
    # Whoever killed a child need not come here for its exit status.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        assert threading.active_count() == 1, "a thread would be missing in what is forked"
        pid = os.fork()
        if pid == 0:
            _become_worker(json.loads(line))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _become_worker(order: dict[str, dict[str, str] | str]) -> NoReturn:
    _die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    env, log = order["env"], str(order["log"])
    assert isinstance(env, dict)
    os.environ.update(env)
    written = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(source, target)
    os.chdir(Path(log).parent)
    try:
        code = work()
    finally:
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
