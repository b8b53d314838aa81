"""nchan, a module of nginx in C: one worker process, its own configuration, logs in its memory."""

import os
import pwd
import subprocess
import sys
import tempfile
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from bench.relay.accounting import children
from bench.relay.contenders.relay import Ground, Relay
from bench.relay.cores import pin_server
from bench.relay.processes import server
from bench.relay.programs import Unprepared
from bench.relay.writing import DATA, Gate, Log, publish
from tailrace.deploy.local.ports import LOOPBACK, take_port
from tools import programs

_MODULE: Final = "ngx_nchan_module.so"
_BESIDE_MODULE: Final = "ndk_http_module.so"
"""The kit that Debian's module links to where it is not built in; loaded first if it is there."""
_ADVICE: Final = "apt-get install nginx libnginx-mod-nchan (or leave it out: --contenders tailrace)"

_UNTIL_OUR_END: Final = (
    "import ctypes, os, signal, sys;"
    "ctypes.CDLL(None).prctl(1, int(signal.SIGTERM));"
    "os.execv(sys.argv[1], sys.argv[1:])"
)
"""A master that is killed, as with its parent, leaves its worker: this asks for SIGTERM instead."""

_CONFIGURATION: Final = """
{modules}
user {user};
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 19000; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 3600;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  nchan_shared_memory_size 2g;
  nchan_message_buffer_length 4000;
  nchan_message_timeout 12h;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /ready {{ return 200; }}
    location ~ ^/pub/(\\w+)$ {{ nchan_publisher; nchan_channel_id $1; }}
    location ~ ^/sub/(\\w+)$ {{
      nchan_subscriber eventsource;
      nchan_channel_id $1;
      nchan_subscriber_first_message oldest;
    }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Nchan:
    """See `Relay`; an event's id has nchan's own form, so its number is in its data."""

    pid: int
    port: int
    publisher: Path
    beside: Mapping[str, int] = field(default_factory=dict[str, int], init=False)
    header: str = field(default="", init=False)
    count: Literal["id", "data"] = field(default="data", init=False)

    @property
    def gate(self) -> Gate:
        """The server itself."""
        return Gate(("--port", str(self.port)), "HTTP/1.1 20")

    async def open(self, count: int) -> Sequence[Log]:
        """New channels; they exist once something is published or somebody listens."""
        return [_log(uuid.uuid4().hex) for _ in range(count)]

    async def close(self, logs: Sequence[Log], events: int) -> None:
        """Nothing: a channel has no end."""

    async def finished(self, count: int, events: int) -> Sequence[Log]:
        """Channels with so many messages."""
        logs = await self.open(count)
        await publish(self.publisher, self.gate, logs, events)
        return logs

    def last(self, log: Log, events: int) -> int:
        """The last message's number."""
        return log.first + events - 1


@asynccontextmanager
async def serve(ground: Ground) -> AsyncGenerator[Relay]:
    """One nginx with one worker."""
    port = take_port(LOOPBACK, 0)
    with tempfile.TemporaryDirectory(prefix="nginx-") as name:
        folder = Path(name)
        file = folder / "nginx.conf"
        user = pwd.getpwuid(os.geteuid()).pw_name
        file.write_text(
            _CONFIGURATION.format(modules=_modules(), user=user, folder=folder, port=port)
        )
        nginx = (_nginx(), "-c", str(file), "-p", name, "-e", "stderr")
        command = (sys.executable, "-I", "-S", "-c", _UNTIL_OUR_END, *nginx)
        log = ground.folder / "nchan.log"
        async with server(command, port, "/ready", log, {}) as master:
            [worker] = children(master.pid)
            pin_server(worker)
            yield Nchan(worker, port, ground.programs.publisher)


def require() -> None:
    """Raise unless nginx and nchan are installed.

    Raises:
        Unprepared: one of them is missing.
    """
    _modules()


def _nginx() -> str:
    found = programs.find("nginx")
    if found is None:
        raise Unprepared(programs.lack("nginx"))
    return found


def _modules() -> str:
    """The lines that load nchan, from where this nginx keeps its modules."""
    built = subprocess.run([_nginx(), "-V"], check=True, capture_output=True, timeout=10)  # noqa: S603 - nginx
    options = built.stderr.decode().split()
    path = next((o.partition("=")[2] for o in options if o.startswith("--modules-path=")), "")
    if not Path(path, _MODULE).is_file():
        raise Unprepared(f"nginx has no {_MODULE} in {path or 'any folder'}: {_ADVICE}")
    present = [name for name in (_BESIDE_MODULE, _MODULE) if Path(path, name).is_file()]
    return "\n".join(f"load_module {path}/{name};" for name in present)


def _log(channel: str) -> Log:
    head = f"POST /pub/{channel} HTTP/1.1\r\nHost: {LOOPBACK}\r\nContent-Type: application/json\r\n"
    request = f"{head}Content-Length: {len(DATA)}\r\n\r\n".encode() + DATA
    return Log(f"/sub/{channel}", 1, request)
