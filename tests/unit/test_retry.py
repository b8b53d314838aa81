"""A store whose calls are repeated: they get through, and nothing else about it changes."""

from collections.abc import AsyncGenerator

import pytest

from tailrace.shared.errors import JobNotFound, StoreUnavailable
from tailrace.worker.runtime.retry import persistent


class Store:
    """Is unavailable for its first calls."""

    def __init__(self, failing: int) -> None:
        self.failing = failing
        self.calls = 0

    async def add(self, first: int, *, second: int) -> int:
        """Add two numbers, as soon as the store is back."""
        self.calls += 1
        if self.calls <= self.failing:
            raise StoreUnavailable("away")
        return first + second

    async def find(self) -> None:
        """Find nothing."""
        self.calls += 1
        raise JobNotFound

    async def all(self) -> AsyncGenerator[int]:
        """Two numbers."""
        yield 1
        yield 2


async def test_a_call_is_repeated_with_its_arguments_until_the_store_takes_it() -> None:
    store = Store(failing=2)
    assert await persistent(store).add(1, second=2) == 3
    assert store.calls == 3


async def test_what_the_store_refuses_is_refused_at_once() -> None:
    store = Store(failing=0)
    with pytest.raises(JobNotFound):
        await persistent(store).find()
    assert store.calls == 1


async def test_what_is_no_single_call_stays_as_it_is() -> None:
    store = persistent(Store(failing=7))
    assert store.failing == 7
    assert [number async for number in store.all()] == [1, 2]
