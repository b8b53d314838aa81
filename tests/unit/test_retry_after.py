from datetime import UTC, datetime

import pytest

from tailrace.worker.attempt.failures.provider_errors.retry_after import retry_after_s

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "7200"}, 7200),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2),
        ({"retry-after": "Mon, 02 Mar 2026 09:30:20 GMT"}, 20),
        ({"retry-after": "Mon, 02 Mar 2026 10:30:20 +0100"}, -3580 + 3600),
        ({"retry-after": "Mon, 02 Mar 2026 09:29:00 GMT"}, 0),
        (
            {
                "retry-after": "Mon, 02 Mar 2026 09:30:20 GMT",
                "date": "Mon, 02 Mar 2026 09:30:15 GMT",
            },
            5,
        ),
    ],
    ids=str,
)
def test_seconds_milliseconds_and_dates_are_heeded(headers: dict[str, str], seconds: float) -> None:
    assert retry_after_s(headers, NOW) == seconds


@pytest.mark.parametrize(
    "text", ["", "-1", "nan", "inf", "-inf", "1e999", "soon", "Wed, 21 Oct 2026", "99 Mar", "7 s"]
)
def test_nonsense_is_ignored(text: str) -> None:
    assert retry_after_s({"retry-after": text}, NOW) is None
    assert retry_after_s({"retry-after-ms": text}, NOW) is None


def test_nothing_is_asked_where_there_is_no_header() -> None:
    assert retry_after_s({"content-type": "text/plain"}) is None
