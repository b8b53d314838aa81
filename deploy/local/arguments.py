"""What a run is asked to be: the command line, read into a frozen value."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
DEFAULT_DATA = Path(".tailrace")
DEFAULT_WORKERS = 1
DEFAULT_GRAPHS = Path("langgraph.json")
HIGHEST_PORT = 65535

DESCRIPTION = """\
Run all of Tailrace on this machine, for the graphs of a langgraph.json: a store, the API and
workers. Ctrl-C ends everything; the data stays. Workers start again when the project changes.
"""
EPILOG = """\
Settings come from TAILRACE_* variables and from .env in the current directory, as for every
Tailrace process; the graphs' own variables from the file's env too. The store is an embedded
Valkey unless --redis names another; TAILRACE_REDIS_URL is not read here. Your graphs choose their
own models. Those of Tailrace's demonstration use the one that OPENAI_API_KEY, OPENAI_BASE_URL and
MODEL name; with neither a key nor a URL, SmolLM2-135M-Instruct on this machine (extra 'local').
"""


@dataclass(frozen=True, slots=True)
class Arguments:
    """A run as asked for; port 0 stands for any free one."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    workers: int = DEFAULT_WORKERS
    data: Path = DEFAULT_DATA
    redis: str | None = None
    graphs: Path = DEFAULT_GRAPHS
    reload: bool = True
    """Workers start again when the project changes; not for Tailrace's own demonstration."""
    install: bool = False
    """What the project declares is installed first."""
    local_model: bool = False
    """The small local model serves all requests to the endpoint of the OPENAI_* settings."""


def read_arguments(words: Sequence[str] | None = None) -> Arguments:
    """Read the command line; exits with status 2 and a usage line when it is wrong."""
    found = _parser().parse_args(words)
    return Arguments(
        host=found.host,
        port=found.port,
        workers=found.workers,
        data=found.data,
        redis=found.redis,
        graphs=found.graphs,
        reload=not found.no_reload,
        install=found.install,
        local_model=found.local_model,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tailrace.deploy.local", description=DESCRIPTION, epilog=EPILOG
    )
    parser.add_argument(
        "--host",
        default=os.environ.get("TAILRACE_HOST") or DEFAULT_HOST,
        help="address to listen on (TAILRACE_HOST, or 127.0.0.1); beyond loopback it needs keys",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=os.environ.get("TAILRACE_PORT") or str(DEFAULT_PORT),
        help="port to listen on (TAILRACE_PORT, or 8000); 0 takes any free one",
    )
    parser.add_argument(
        "--workers",
        type=_count,
        default=DEFAULT_WORKERS,
        metavar="N",
        help="worker processes (default: %(default)s)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=DEFAULT_DATA,
        metavar="DIR",
        help="folder of the embedded store (default: %(default)s)",
    )
    parser.add_argument("--redis", metavar="URL", help="use this Redis or Valkey instead")
    _add_project(parser)
    return parser


def _add_project(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--graphs",
        type=Path,
        default=os.environ.get("TAILRACE_GRAPHS") or str(DEFAULT_GRAPHS),
        metavar="FILE",
        help="the project's file (TAILRACE_GRAPHS, or langgraph.json)",
    )
    parser.add_argument(
        "--install", action="store_true", help="install what the project declares first"
    )
    parser.add_argument(
        "--no-reload", action="store_true", help="keep workers although the project changes"
    )
    parser.add_argument(
        "--local-model",
        action="store_true",
        help="start the small local model, fetch it if need be, and point OPENAI_BASE_URL and MODEL"
        " to it",
    )


def _port(word: str) -> int:
    number = _whole(word)
    if number > HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"a port is 0 to {HIGHEST_PORT}")
    return number


def _count(word: str) -> int:
    number = _whole(word)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one is needed")
    return number


def _whole(word: str) -> int:
    if not (word.isascii() and word.isdigit()):
        raise argparse.ArgumentTypeError(f"not an integer: {word!r}")
    return int(word)
