"""This machine's nginx with the configuration that is shipped, in front of an API on this machine.

Only addresses and places are changed; a change that finds nothing to change is an error. An nginx
older than 1.25.1 is told of HTTP/2 in the form that it knows.
"""

import asyncio
import os
import re
import subprocess
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.processes import ROOT, answers, free_port
from tests.support.wait import wait_until
from tools import programs

SHIPPED: Final = ROOT / "deploy" / "nginx"
HTTP2_DIRECTIVE: Final = (1, 25, 1)
CERTIFICATE: Final = (
    *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
    *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
    *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
)
STOP_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx."""

    port: int
    tls_port: int
    access_log: Path

    @property
    def urls(self) -> Mapping[str, str]:
        """Where it answers, by the protocol that a browser speaks there."""
        return {
            "HTTP/1.1": f"http://127.0.0.1:{self.port}",
            "HTTP/2.0": f"https://127.0.0.1:{self.tls_port}",
        }


@asynccontextmanager
async def nginx(api_port: int, folder: Path) -> AsyncGenerator[Nginx]:
    """An nginx of its own while the block runs.

    Args:
        api_port: where the API listens on loopback.
        folder: an empty one, for its configuration, its certificate and all that it writes.
    """
    binary = programs.required("nginx")
    running = Nginx(free_port(), free_port(), folder / "access.log")
    make_certificate(folder)
    _configure(folder, running, api_port, _version(binary))
    main = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
    process = await asyncio.create_subprocess_exec(
        *(binary, "-c", str(folder / "nginx.conf"), "-g", main), stdin=asyncio.subprocess.DEVNULL
    )
    try:
        await answers(running.urls["HTTP/1.1"] + "/livez")
        yield running
    finally:
        if process.returncode is None:
            process.terminate()
        await wait_until(lambda: process.returncode is not None, "nginx to end", STOP_S)


def make_certificate(folder: Path) -> None:
    """A key and a certificate for this machine, signed by nobody, that everybody may read."""
    key, certificate = folder / "tls.key", folder / "tls.crt"
    command = (
        programs.required("openssl"),
        *CERTIFICATE,
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    )
    subprocess.run(command, check=True, capture_output=True, timeout=STOP_S)
    key.chmod(0o644)


def _version(binary: str) -> tuple[int, ...]:
    said = subprocess.run((binary, "-v"), check=True, capture_output=True, text=True).stderr
    found = re.search(r"nginx/([\d.]+)", said)
    assert found, said
    return tuple(map(int, found[1].split(".")))


def _configure(folder: Path, running: Nginx, api_port: int, version: tuple[int, ...]) -> None:
    old = version < HTTP2_DIRECTIVE
    _change(
        "nginx.conf",
        folder,
        {
            # First, since all the others may bring it in.
            "/tmp/": f"{folder}/",
            "/etc/nginx/tls/": f"{folder}/listen/",
            "/etc/nginx/tailrace.conf": f"{folder}/tailrace.conf",
            "/dev/stdout": str(running.access_log),
            "listen 8080;": f"listen 127.0.0.1:{running.port};",
            "http2 on;": "" if old else "http2 on;",
        },
    )
    _change("tailrace.conf", folder, {" api:8000;": f" 127.0.0.1:{api_port};"})
    (folder / "listen").mkdir()
    _change(
        "tls.conf",
        folder / "listen",
        {
            "listen 8443 ssl;": f"listen 127.0.0.1:{running.tls_port} ssl{' http2' * old};",
            "/etc/nginx/certificate/": f"{folder}/",
        },
    )


def _change(name: str, folder: Path, values: Mapping[str, str]) -> None:
    text = (SHIPPED / name).read_text()
    for shipped, ours in values.items():
        assert shipped in text, f"{shipped!r} is not in {name}"
        text = text.replace(shipped, ours)
    (folder / name).write_text(text)
