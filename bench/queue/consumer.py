"""One worker process: `python -m bench.queue.consumer NAME URL`; works after a line on stdin."""

import sys

from bench.queue.contenders import BY_NAME
from bench.queue.stamps import stamp


def main() -> None:
    """Load the contender, stamp that it is ready, wait for the line, and work until SIGTERM."""
    name, url = sys.argv[1:]
    contender = BY_NAME[name]
    module = contender.load()
    stamp()
    sys.stdin.readline()
    module.consume(url, *contender.args)


if __name__ == "__main__":
    main()
