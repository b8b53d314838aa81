"""What a turn of a conversation writes, by the length of its thread."""

from contextlib import aclosing

from blockbuster import BlockBuster

from bench.state.turns import turns
from bench.store import embedded

SHORT, LONG = 10, 1000


async def test_a_turn_writes_what_the_message_costs_and_not_the_thread(
    blocking_is_an_error: BlockBuster,
) -> None:
    blocking_is_an_error.deactivate()
    with embedded("everysec") as store:
        async with aclosing(turns(store.url, (SHORT, LONG))) as costs:
            written = {cost.length: cost.mean(lambda turn: turn.written) async for cost in costs}

    assert written[LONG] <= 2 * written[SHORT], written
