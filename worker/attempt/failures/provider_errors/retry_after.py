"""How long a provider asks to wait: `Retry-After` (RFC 9110, section 10.2.3)."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_NUMBERS: Final = (("retry-after-ms", 1000.0), ("retry-after", 1.0))


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds to wait; None if there is no usable value.

    Args:
        headers: by lower-case name. OpenAI's own `retry-after-ms` is more precise and comes first.
        now: what a date is compared with, unless the response has a `Date`.
    """
    for name, in_a_second in _NUMBERS:
        seconds = _seconds(headers.get(name, ""))
        if seconds is not None:
            return seconds / in_a_second
    return _until(headers, now or datetime.now(UTC))


def _seconds(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _until(headers: Mapping[str, str], now: datetime) -> float | None:
    then = _date(headers.get("retry-after", ""))
    if then is None:
        return None
    since = _date(headers.get("date", "")) or now
    return max((then - since).total_seconds(), 0.0)


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
