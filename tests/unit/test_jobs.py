from dataclasses import FrozenInstanceError, replace
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest

from tailrace.shared.errors import JobNotFound
from tailrace.shared.jobs import (
    FINAL,
    TRANSITIONS,
    FinalStatus,
    Job,
    JobStatus,
    new_job_id,
    parse_job_id,
    timestamp,
)
from tests.support.jobs import request

ID = "01890a5d-ac96-774b-bcce-b302099a8057"

MALFORMED = {
    "empty": "",
    "upper case": ID.upper(),
    "no hyphens": ID.replace("-", ""),
    "a random UUID": "9b2f1c1e-3c54-4c8b-9d5e-0d1f6a7b8c9d",
    "another variant": "01890a5d-ac96-774b-0cce-b302099a8057",
    "a line break behind": ID + "\n",
    "a space before": " " + ID,
    "in braces": "{" + ID + "}",
    "full-width digits": "\uff10" + ID[1:],
    "one digit more": ID + "0",
    "a path": "../" + ID,
    "a pattern": ID[:-1] + "*",
    "a NUL": ID[:-1] + "\0",
    "very long": "0" * 100_000,
}


def a_job(status: JobStatus) -> Job:
    return Job(new_job_id(), "tenant", request(), status, attempt=0, seq=1, created_at="")


def test_a_new_id_has_the_form_that_we_take() -> None:
    job_id = new_job_id()

    assert parse_job_id(job_id) == job_id


def test_ids_made_later_sort_later() -> None:
    ids = [new_job_id() for _ in range(1000)]

    assert ids == sorted(set(ids))


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_an_id_of_another_form_is_an_unknown_job_and_is_not_repeated(text: str) -> None:
    with pytest.raises(JobNotFound) as caught:
        parse_job_id(text)

    assert not str(caught.value)


def test_every_status_has_its_arrows() -> None:
    assert set(TRANSITIONS) == set(get_args(JobStatus))


def test_nothing_leads_out_of_a_final_status() -> None:
    assert {status for status, after in TRANSITIONS.items() if not after} == FINAL
    assert set(get_args(FinalStatus)) == FINAL


def test_every_status_but_the_first_is_reached_from_another() -> None:
    reached = frozenset[JobStatus]().union(*TRANSITIONS.values())

    assert reached == set(get_args(JobStatus))


def test_every_open_job_can_be_cancelled_and_can_fail() -> None:
    for status, after in TRANSITIONS.items():
        assert status in FINAL or {"cancelled", "failed"} <= after


@pytest.mark.parametrize("status", get_args(JobStatus))
def test_a_job_has_ended_exactly_in_a_final_status(status: JobStatus) -> None:
    assert a_job(status).ended == (status in FINAL)


def test_a_job_does_not_change() -> None:
    job: Any = a_job("queued")

    with pytest.raises(FrozenInstanceError):
        job.status = "running"
    assert replace(job, status="running").status == "running"


def test_a_timestamp_is_utc_with_milliseconds_and_is_now() -> None:
    text = timestamp()
    read = datetime.fromisoformat(text)

    assert text.endswith("Z")
    assert len(text) == len("2026-01-01T00:00:00.000Z")
    assert read.utcoffset() == timedelta(0)
    assert abs(datetime.now(read.tzinfo) - read) < timedelta(seconds=10)
