"""From what was asked to what is started: the processes of a run, their settings, their order.

Settings reach a process through its environment only. Nothing is started here.
"""

import asyncio
import importlib.util
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from tailrace.deploy.local.arguments import Arguments
from tailrace.deploy.local.changes import Watched
from tailrace.deploy.local.child import Child
from tailrace.deploy.local.data_dir import DataDir
from tailrace.deploy.local.errors import LocalError
from tailrace.deploy.local.health import answers_ok
from tailrace.deploy.local.model import MODEL_NAME, NO_FILE, NO_LIBRARY
from tailrace.deploy.local.model_file import another_is_set_up, model_file
from tailrace.deploy.local.ports import LOOPBACK, reachable, take_port, url
from tailrace.deploy.local.project import is_ours
from tailrace.deploy.local.store import answers, server_command, server_url
from tailrace.shared.project.lives import bounded_lives
from tailrace.shared.project.values import Project
from tailrace.shared.settings import SharedSettings, is_loopback

WORKER_GRACE_S = 2
"""Shorter than elsewhere: after Ctrl-C somebody waits, and another attempt resumes the job."""

NO_MODEL = (
    "no language model is set up, so jobs that need one will fail: set OPENAI_API_KEY, or "
    "OPENAI_BASE_URL and MODEL; or say --local-model, which fetches a small one once"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """The children by tiers, in the order of their start, and what is said about them."""

    tiers: Sequence[Sequence[Child]]
    ready_line: str
    warnings: Sequence[str] = ()
    watched: Watched | None = None
    """Its changes start the workers again."""


@dataclass(frozen=True, slots=True)
class _Model:
    """Where the words come from: a name for people, and what workers have to be told of it."""

    name: str
    children: Sequence[Child] = ()
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    warnings: Sequence[str] = ()


def make_plan(
    asked: Arguments, folder: DataDir | None, project: Project, given: Mapping[str, str]
) -> Plan:
    """The processes of a run; without a folder, `asked.redis` names its store.

    `given` is the environment without any file's variables: workers read those themselves, so that
    a worker that starts again finds them as they are then.

    Raises:
        LocalError: the API can't listen where it is asked to, or the embedded store or the local
            model is needed and not installed.
    """
    port, ours = take_port(asked.host, asked.port), is_ours(project)
    settings = _settings(asked, port, folder, project)
    model = _model(asked, ours)
    store = [_store(folder)] if folder else []
    api = _api(asked.host, port, {**os.environ, **settings})
    watched = Watched.of(project) if asked.reload and not ours else None
    workers = _workers(asked.workers, {**given, **settings, **model.settings}, watched is not None)
    return Plan(
        tiers=[store, model.children, [api, *workers]],
        ready_line=_ready_line(asked, port, model),
        warnings=model.warnings,
        watched=watched,
    )


def _settings(
    asked: Arguments, port: int, folder: DataDir | None, project: Project
) -> Mapping[str, str]:
    return {
        "TAILRACE_GRAPHS": str(project.path),
        "TAILRACE_REDIS_URL": server_url(folder.path) if folder else asked.redis or "",
        # Empty, not absent: one from `.env` would send the logs to another store.
        "TAILRACE_LOG_REDIS_URL": "",
        "TAILRACE_HOST": asked.host,
        "TAILRACE_PORT": str(port),
        "TAILRACE_GRACE_S": str(WORKER_GRACE_S),
        "TAILRACE_SHOW_ERRORS": _show_errors(asked, folder),
        # For the API too, which reads no langgraph.json.
        **bounded_lives(project, SharedSettings()),
    }


def _show_errors(asked: Arguments, folder: DataDir | None) -> str:
    """Yes where nobody but the developer can be the caller, unless they have said otherwise."""
    alone = folder is not None and is_loopback(asked.host) and not _opened_to_others()
    return os.environ.get("TAILRACE_SHOW_ERRORS") or str(int(alone))


def _opened_to_others() -> bool:
    names = ("TAILRACE_API_KEYS", "TAILRACE_ALLOW_OPEN", "TAILRACE_CORS_ORIGINS")
    return any(os.environ.get(name, "0") not in ("", "0") for name in names)


def _store(folder: DataDir) -> Child:
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


def _api(host: str, port: int, env: Mapping[str, str]) -> Child:
    up = partial(answers_ok, reachable(host), port, "/readyz")
    return _python("api", ("tailrace.api",), env, up)


def _workers(count: int, env: Mapping[str, str], follows_project: bool) -> Sequence[Child]:
    workers = (_python(f"worker-{n}", ("tailrace.worker",), env) for n in range(1, count + 1))
    return [replace(worker, follows_project=follows_project) for worker in workers]


def _model(asked: Arguments, ours: bool) -> _Model:
    """Our own graphs' model: the endpoint that is set up, or the one that this machine can run.

    A project's graphs have models of their own, so nothing is put in their place unasked.
    """
    if asked.local_model:
        return _local_model()
    if not ours:
        return _Model("models of your graphs")
    if another_is_set_up():
        return _Model("model by OPENAI_* settings")
    if _missing():
        return _Model("no model", warnings=[NO_MODEL])
    return _local_model()


def _local_model() -> _Model:
    if missing := _missing():
        raise LocalError(missing)
    port = take_port(LOOPBACK, 0)
    module = ("tailrace.deploy.local.model", "--port", str(port))
    return _Model(
        name=f"model {MODEL_NAME} on this machine",
        children=[
            _python("model", module, os.environ, partial(answers_ok, LOOPBACK, port, "/health"))
        ],
        settings={
            "OPENAI_BASE_URL": f"{url(LOOPBACK, port)}/v1",
            "MODEL": MODEL_NAME,
            # It takes any; clients of OpenAI's do not start without one.
            "OPENAI_API_KEY": "local",
        },
    )


def _missing() -> str | None:
    """What the local model lacks, as a sentence; None where it can run."""
    if importlib.util.find_spec("xllamacpp") is None:
        return NO_LIBRARY
    return None if model_file() else NO_FILE


def _python(
    name: str,
    module: Sequence[str],
    env: Mapping[str, str],
    is_up: Callable[[], Awaitable[bool]] | None = None,
) -> Child:
    # -P: a folder `api` in the current directory is not ours.
    command = (sys.executable, "-P", "-m", *module)
    return Child(name, command, {"PYTHONUNBUFFERED": "1", **env}, is_up)


def _ready_line(asked: Arguments, port: int, model: _Model) -> str:
    workers = "1 worker" if asked.workers == 1 else f"{asked.workers} workers"
    store = "store named by --redis" if asked.redis else f"embedded store in {asked.data}"
    return f"ready on {url(asked.host, port)} ({workers}, {store}, {model.name})"
