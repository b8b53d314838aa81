"""The worker's loop does what asyncio's does, with fewer system calls."""

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine
from typing import Any

from tailrace.worker.runtime.event_loop import WorkerLoop

SOON_S = 5.0


class Counting(WorkerLoop):
    """Counts how often it is woken."""

    woken = 0

    def _write_to_self(self) -> None:
        self.woken += 1
        super()._write_to_self()  # pyright: ignore[reportAttributeAccessIssue]


def run_in(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(work)


def test_a_call_from_its_own_thread_is_made_in_order_and_wakes_nobody() -> None:
    loop, made = Counting(), list[int]()

    async def work() -> None:
        before = loop.woken
        for n in range(100):
            loop.call_soon_threadsafe(made.append, n)
        await asyncio.sleep(0)
        assert loop.woken == before

    run_in(loop, work())
    assert made == list(range(100))


def test_a_call_from_another_thread_wakes_a_loop_that_sleeps() -> None:
    loop = WorkerLoop()

    async def work() -> None:
        called = asyncio.Event()
        thread = threading.Thread(target=loop.call_soon_threadsafe, args=(called.set,))
        loop.call_later(0.05, thread.start)
        async with asyncio.timeout(SOON_S):
            await called.wait()

    run_in(loop, work())


def test_a_signal_handler_wakes_a_loop_that_sleeps() -> None:
    loop, called = WorkerLoop(), asyncio.Event()

    def wake(_number: int, _frame: object) -> None:
        loop.call_soon_threadsafe(called.set)

    async def work() -> None:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        async with asyncio.timeout(SOON_S):
            await called.wait()

    before = signal.signal(signal.SIGUSR1, wake)
    try:
        run_in(loop, work())
    finally:
        signal.signal(signal.SIGUSR1, before)
