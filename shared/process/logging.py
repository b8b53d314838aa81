"""How the processes log: one JSON object per line, a fixed message with fields. Never a prompt."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final

import orjson

_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}
_QUIET: Final = ("arq", "httpx", "httpx2", "httpcore", "openai", "urllib3")


class JsonFormatter(logging.Formatter):
    """`{"ts", "level", "logger", "message", ...}`, followed by the fields of `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line: JSON escapes what could break it."""
        line: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {k: v for k, v in vars(record).items() if k not in _OWN}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        try:
            return orjson.dumps(line, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
        except TypeError:
            # What orjson refuses (half a surrogate pair, a huge number) must not lose the record.
            return json.dumps(line, default=repr)


def configure_logging(level: str) -> None:
    """Send every logger of this process to stdout as JSON; of libraries, only warnings."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
