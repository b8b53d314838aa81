"""What the load generator itself can take: as many listeners of a server that only writes."""

from bench.relay.contenders.relay import Ground
from bench.relay.cores import pin_server
from bench.relay.crowd import Counted, Listening, crowd
from bench.relay.processes import program

_START_S = 10.0


async def ceiling(ground: Ground, listeners: int, events: int) -> Counted:
    """A burst of so many events to so many listeners, from the server's core to the load's."""
    numbers = ("--connections", str(listeners), "--last", str(events))
    async with program(str(ground.programs.trivial), *numbers) as server:
        pin_server(server.pid)
        line = await server.line(_START_S)
        asked = Listening(int(str(line["port"])), ["/"], listeners, last=events)
        async with crowd(ground.programs.loadgen, asked) as all_of_them:
            await all_of_them.accepted()
            return await all_of_them.counted()
