"""What scripts touch, as MONITOR tells it: a key that the call does not name, or that no table has.

Such a script works on one Redis; on a Cluster, and where a service checks keys, it is refused.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, Final, cast

from redis import Redis  # noqa: TID251 - it listens beside every loop
from redis.exceptions import RedisError

from tailrace.shared.redis import keys

NO_KEY: Final = {"time"}
ONLY_KEYS: Final = {"del", "unlink", "exists"}
"""Every other command has one key, and it comes first."""

_MARK: Final = b"all that was done before this"
_WAIT_S: Final = 20.0
_CALL: Final = re.compile(
    r'\S+ \[\d+ \S+\] "evalsha" "[0-9a-f]+" "(\d+)"|'
    r'\S+ \[\d+ \S+\] "eval" "(?:[^"\\]|\\.)*" "(\d+)"',
    re.IGNORECASE,
)
_INSIDE: Final = re.compile(r'\S+ \[\d+ lua\] "(\w+)"')
_WORD: Final = re.compile(r' "((?:[^"\\]|\\.)*)"')


def in_table() -> re.Pattern[str]:
    """What every key that `keys` lists looks like."""
    rows = [line for line in (keys.__doc__ or "").splitlines() if line.startswith("| `")]
    names = [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]
    patterns = (re.escape(name).replace(r"\{s\}", r"\{[0-9a-f]\}") for name in names)
    return re.compile("|".join(re.sub("<[^>]+>", ".+", pattern) for pattern in patterns))


class Checker:
    """Reads MONITOR line by line; a call of a script comes right before what the script does."""

    def __init__(self) -> None:
        self._known = in_table()
        self._declared: set[str] = set()

    def faults(self, line: str) -> Iterator[str]:
        """What is wrong with a line."""
        if call := _CALL.match(line):
            words = _WORD.finditer(line, call.end())
            found = islice(words, int(call[1] or call[2]))
            self._declared = {word[1] for word in found}
            for key in self._declared:
                if not self._known.fullmatch(key):
                    yield f"{key} is not in the table of keys"
        elif inside := _INSIDE.match(line):
            name = inside[1].lower()
            for key in self._keys(name, line, inside.end()):
                if key not in self._declared:
                    yield f"{name} of {key}, which the call does not name"

    def _keys(self, name: str, line: str, start: int) -> Iterator[str]:
        words = (word[1] for word in _WORD.finditer(line, start))
        if name in ONLY_KEYS:
            yield from words
        elif name not in NO_KEY:
            yield from islice(words, 1)


class ScriptWatch:
    """Listens to all that a store does, in a thread."""

    def __init__(self, url: str) -> None:
        self._client = Redis.from_url(url)
        self._connection: Any = self._client.connection_pool.get_connection()
        self._connection.send_command("MONITOR")
        self._connection.read_response()
        self._lines: list[bytes] = []
        self._marked = threading.Event()
        self._checker = Checker()
        self._thread = threading.Thread(target=self._listen, name="monitor", daemon=True)
        self._thread.start()

    def faults(self) -> list[str]:
        """What is wrong with what was done since the last time."""
        self._marked.clear()
        cast("Any", self._client).echo(_MARK)
        assert self._marked.wait(_WAIT_S), "MONITOR has ended"
        lines, self._lines = self._lines, []
        text = (line.decode(errors="replace") for line in lines)
        return sorted({fault for line in text for fault in self._checker.faults(line)})

    def close(self) -> None:
        """Listen no more."""
        self._connection.disconnect()
        self._thread.join()
        self._client.close()

    def _listen(self) -> None:
        with suppress(RedisError, OSError, ValueError, AttributeError):
            while True:
                self._lines.append(line := self._connection.read_response())
                if _MARK in line:
                    self._marked.set()
