"""The machine that was measured, in the words that a reader of figures asks for."""

import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tailrace.deploy.local.store import server_command


def describe() -> Mapping[str, str | int]:
    """Processor, cores that we may use, system, Python and store."""
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "store": _store_version(),
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _store_version() -> str:
    """Such as `Valkey 9.1.2`, from `Valkey server v=9.1.2 sha=...`."""
    binary = server_command(Path())[0]
    words = subprocess.run(  # noqa: S603 - our own server
        (binary, "--version"), capture_output=True, text=True, check=True, timeout=10
    ).stdout.split()
    version = next(word for word in words if word.startswith("v="))
    return f"{words[0]} {version.removeprefix('v=')}"
