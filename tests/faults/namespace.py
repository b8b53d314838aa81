"""A process's own network, joined to ours by one cable that can be cut in either direction.

Where the harness is root and the kernel has namespaces. Cut is what is sent to a wrong neighbour:
silently lost, without an error at either end, and sent again by TCP once the cable is whole.
"""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final

from tailrace.deploy.local.die_with_parent import tied_to_parent
from tests.faults.link import Direction
from tests.support.processes import Process

IP_S: Final = 10.0
"""For one call of `ip` on a loaded machine."""
NOWHERE: Final = "02:00:00:00:00:01"
"""The address of no network card."""
GUEST_DEVICE: Final = "eth0"


class IpFailedError(Exception):
    """`ip` is missing, or refuses."""


class Namespace:
    """One namespace and its cable.

    Args:
        number: tells apart those of one harness, up to 63.
    """

    def __init__(self, number: int) -> None:
        pid = os.getpid()
        self.name = f"tailrace-{pid}-{number}"
        self._device = f"tr{pid}-{number}"
        network = f"10.{200 + pid // 250 % 50}.{pid % 250}"
        self.host, self._guest = f"{network}.{4 * number + 1}", f"{network}.{4 * number + 2}"

    async def make(self) -> None:
        """Make it, cable included.

        Raises:
            IpFailedError: not here.
        """
        end = [GUEST_DEVICE, "netns", self.name]
        await _ip("netns", "add", self.name)
        await _ip("link", "add", self._device, "type", "veth", "peer", "name", *end)
        await _ip("addr", "add", f"{self.host}/30", "dev", self._device)
        await _ip("link", "set", self._device, "up")
        await self._inside("addr", "add", f"{self._guest}/30", "dev", GUEST_DEVICE)
        await self._inside("link", "set", GUEST_DEVICE, "up")
        await self._inside("link", "set", "lo", "up")

    async def remove(self) -> None:
        """Remove it; the cable goes with it."""
        await _ip("netns", "del", self.name)

    async def cut(self, *directions: Direction) -> None:
        """Lose what is sent in these directions."""
        wrong = ("lladdr", NOWHERE, "nud", "permanent")
        if "up" in directions:
            await self._inside("neigh", "replace", self.host, "dev", GUEST_DEVICE, *wrong)
        if "down" in directions:
            await _ip("neigh", "replace", self._guest, "dev", self._device, *wrong)

    async def join(self) -> None:
        """Let both ends find each other again."""
        await self._inside("neigh", "flush", "dev", GUEST_DEVICE, "nud", "permanent")
        await _ip("neigh", "flush", "dev", self._device, "nud", "permanent")

    async def _inside(self, *arguments: str) -> None:
        await _ip("-n", self.name, *arguments)


class GuestProcess(Process):
    """A process that lives in a namespace."""

    def inside(self, namespace: Namespace, module: str) -> None:
        """Run there from its next start on."""
        there = ("ip", "netns", "exec", namespace.name)
        self._command = tied_to_parent(("/usr/bin/env", *there, sys.executable, "-m", module))


@asynccontextmanager
async def namespace(number: int) -> AsyncGenerator[Namespace | None]:
    """A namespace while the body runs; None where there can be none."""
    made = Namespace(number)
    try:
        await made.make()
    except (IpFailedError, OSError):
        with suppress(IpFailedError, OSError):
            await made.remove()
        yield None
        return
    try:
        yield made
    finally:
        await made.remove()


async def _ip(*arguments: str) -> None:
    async with asyncio.timeout(IP_S):
        process = await asyncio.create_subprocess_exec(
            "ip", *arguments, stderr=asyncio.subprocess.PIPE
        )
        _, said = await process.communicate()
    if process.returncode:
        raise IpFailedError(f"ip {' '.join(arguments)}: {said.decode().strip()}")
