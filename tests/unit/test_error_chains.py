"""Where in an exception a provider's trouble is looked for, and what comes first."""

import asyncio
from typing import Any

import pytest

from tailrace.worker.attempt.failures.provider_errors.trouble import AnswerCutOff, trouble_of


class Refused(Exception):
    """As an SDK of no known name has it."""

    def __init__(self, status: Any = None, words: str = "Not now.", **more: Any) -> None:
        super().__init__(words)
        self.status_code = status
        self.__dict__.update(more)


class OfResponse(Exception):
    """Only the response knows the status."""

    def __init__(self, status: int, **headers: str) -> None:
        super().__init__("Not now.")
        self.response = Refused(
            status, headers={n.replace("_", "-"): v for n, v in headers.items()}
        )


def kind_of(error: BaseException) -> tuple[str, bool] | None:
    found = trouble_of(error)
    return (found.type, found.may_pass) if found else None


LIMITED, UNAVAILABLE = ("rate-limited", True), ("unavailable", True)
REFUSED, UNEXPECTED = ("authentication", False), ("internal", False)
QUOTA = ("quota-exceeded", False)


def because(cause: BaseException, error: Exception | None = None) -> Exception:
    """The error as `raise ... from cause` leaves it."""
    error = error or RuntimeError("The call failed.")
    error.__cause__ = cause
    return error


def while_handling(context: Exception, error: Exception) -> Exception:
    """The error as a handler of the other one raises it."""
    error.__context__ = context
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Refused(429), LIMITED),
        (Refused("429"), LIMITED),
        (Refused(529), UNAVAILABLE),
        (Refused(425), UNAVAILABLE),
        (Refused(None, code=503), UNAVAILABLE),
        (Refused(None, code="503"), UNAVAILABLE),
        (OfResponse(429), LIMITED),
        (OfResponse(503), UNAVAILABLE),
        (Refused(401), REFUSED),
        (Refused(200), None),
        (Refused(True), None),
        (Refused(None, code=1006), None),
        (Refused(None, code="unavailable"), None),
        (ValueError("429"), None),
    ],
    ids=repr,
)
def test_the_exceptions_own_status_counts(error: Exception, expected: object) -> None:
    assert kind_of(error) == expected


def test_an_attribute_that_raises_counts_as_missing() -> None:
    class Odd(Exception):
        @property
        def response(self) -> object:
            raise RuntimeError("The request was never sent.")

        def __str__(self) -> str:
            raise RuntimeError("No text either.")

    assert kind_of(Odd()) is None


def test_the_cause_counts() -> None:
    assert kind_of(because(Refused(429))) == LIMITED
    assert kind_of(because(because(Refused(503)))) == UNAVAILABLE


def test_the_cause_counts_whatever_the_outer_error_is() -> None:
    assert kind_of(because(Refused(429), ValueError("The call failed."))) == LIMITED


def test_an_own_status_goes_before_the_causes() -> None:
    assert kind_of(because(Refused(429), Refused(401))) == REFUSED


async def test_a_task_groups_members_count() -> None:
    async def refuse(status: int) -> None:
        raise Refused(status)

    with pytest.raises(ExceptionGroup) as caught:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(refuse(429))

    assert kind_of(caught.value) == LIMITED
    assert kind_of(because(caught.value)) == LIMITED


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([Refused(429), Refused(503)], LIMITED),
        ([ConnectionResetError(), Refused(429)], LIMITED),
        ([Refused(429), Refused(401)], REFUSED),
        ([Refused(429), KeyError("x")], UNEXPECTED),
        ([Refused(401), KeyError("x")], REFUSED),
        ([AnswerCutOff("x"), Refused(429)], UNAVAILABLE),
        ([AnswerCutOff("x"), Refused(401)], REFUSED),
        ([AnswerCutOff("x"), KeyError("x")], UNEXPECTED),
        ([KeyError("x"), KeyError("y")], None),
        ([ExceptionGroup("", [Refused(503)]), ConnectionResetError()], UNAVAILABLE),
        ([ExceptionGroup("", [Refused(503), KeyError("x")]), Refused(429)], UNEXPECTED),
    ],
    ids=repr,
)
def test_a_group_may_pass_only_if_all_of_its_members_may(
    members: list[Exception], expected: object
) -> None:
    assert kind_of(ExceptionGroup("", members)) == expected


def test_a_group_waits_as_long_as_the_longest_of_its_members() -> None:
    group = ExceptionGroup("", [OfResponse(429, retry_after="2"), OfResponse(503, retry_after="9")])

    found = trouble_of(group)
    assert found is not None
    assert found.retry_after_s == 9


def test_what_was_being_handled_counts() -> None:
    assert kind_of(while_handling(Refused(429), RuntimeError("Giving up."))) == LIMITED


@pytest.mark.parametrize("bug", [TypeError, ValueError, KeyError, AttributeError, UnicodeError])
def test_what_was_being_handled_does_not_count_where_the_handler_has_a_fault(
    bug: type[Exception],
) -> None:
    assert kind_of(while_handling(Refused(429), bug("x"))) is None


def test_what_was_being_handled_does_not_count_if_it_is_suppressed() -> None:
    suppressed = while_handling(Refused(429), because(Refused(429)))
    suppressed.__cause__ = None  # as `from None` does

    assert kind_of(suppressed) is None


@pytest.mark.parametrize("code", ["insufficient_quota", "billing_hard_limit_reached"])
def test_a_quota_goes_before_everything(code: str) -> None:
    spent = Refused(429, code=code)

    assert kind_of(spent) == QUOTA
    assert kind_of(because(spent, Refused(429))) == QUOTA
    assert kind_of(ExceptionGroup("", [Refused(429), spent])) == QUOTA


def test_a_chain_that_comes_back_to_itself_ends() -> None:
    first, second = RuntimeError("first"), RuntimeError("second")
    first.__cause__, second.__cause__ = second, first
    assert kind_of(first) is None

    second.__cause__, second.__suppress_context__ = None, False
    second.__context__ = ExceptionGroup("", [first, Refused(429)])
    assert kind_of(first) == UNEXPECTED


def test_a_chain_as_long_as_a_loop_that_failed_is_read_without_falling_over() -> None:
    error: Exception = Refused(429)
    for _ in range(5000):
        outer = RuntimeError("again")
        outer.__context__ = error
        error = outer

    assert kind_of(error) is None


@pytest.mark.parametrize(
    "error",
    [
        OSError(111, "Connection refused"),
        OSError(113, "No route to host"),
        OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 111] x"),
        BrokenPipeError(),
        TimeoutError(),
        asyncio.IncompleteReadError(b"", 3),
    ],
    ids=repr,
)
def test_a_connection_of_the_standard_library_that_fails_may_pass(error: Exception) -> None:
    assert kind_of(error) == UNAVAILABLE


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "No such file"),
        PermissionError(13, "Permission denied"),
        OSError(28, "No space left on device"),
        OSError("Multiple exceptions: [Errno 111] refused, [Errno 13] denied"),
        OSError("[Errno 111] told by someone"),
    ],
    ids=repr,
)
def test_other_errors_of_the_system_are_no_connections(error: Exception) -> None:
    assert kind_of(error) is None
