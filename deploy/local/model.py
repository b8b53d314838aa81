"""The local model: SmolLM2-135M-Instruct behind an OpenAI-compatible endpoint, on loopback.

Run as `python -m tailrace.deploy.local.model --port P`; a container says `--anywhere` too. Owns the
size of its context and how it picks words; it ends when asked to, or when the process that started
it ends. It knows nothing of graphs, jobs or the worker, which see an endpoint like any other.
"""

import argparse
import importlib
import ipaddress
import os
import signal
import sys
import threading
from typing import NoReturn, Protocol

from tailrace.deploy.local.errors import LocalError
from tailrace.deploy.local.model_file import model_file

MODEL_NAME = "smollm2-135m-instruct"

SLOTS = 4
"""Requests served at the same time; more of them wait for a free slot."""
CONTEXT_TOKENS = 4096
"""Prompt and output of one request together; each slot takes its 90 MiB of memory at the start."""
MOST_THREADS = 4
"""A model this small gains nothing from more. One core is left to the rest of the machine: its
threads wait for each other, and on two busy cores two of them write 2 tokens/s, one alone 40."""

Value = bool | int | float | str

SIZE: dict[str, Value] = {
    "n_parallel": SLOTS,
    "n_ctx": SLOTS * CONTEXT_TOKENS,
    "n_gpu_layers": 0,
    "fit_params": False,
    "warmup": False,
    # Prompts of requests gone by would be kept, by default in up to 8 GiB.
    "cache_ram_mib": 0,
}

CLOSED_DOORS: dict[str, Value] = {
    "ui": False,
    "offline": True,
    "endpoint_slots": False,
    "cors_origins": "",
    "cors_credentials": False,
    "verbosity": 0,
}
"""Completions for programs on this machine: no page, no downloads, no other origin, no log."""

PLAIN_WORDS: dict[str, Value] = {
    "temp": 0.3,
    "top_p": 0.9,
    "min_p": 0.05,
    "penalty_repeat": 1.05,
    "penalty_freq": 0.15,
    "penalty_last_n": 256,
    "dry_multiplier": 0.8,
    "dry_allowed_length": 3,
    "dry_penalty_last_n": 1024,
}
"""How words are picked where a request does not say; a model this small soon goes in circles."""

WATCH_S = 0.5

NO_LIBRARY = "what runs the local model is not installed: pip install 'tailrace[local]'"
NOT_LOADED = "what runs the local model can't be loaded; on Debian it needs libgomp1"
NO_FILE = "the local model has not been fetched: python -m tailrace.deploy.local.model_file"


class Server(Protocol):
    """What is used of `xllamacpp.Server`, a compiled library that ships no types."""

    @property
    def listening_address(self) -> str:
        """Scheme, host and port that were really taken."""
        ...


def main() -> NoReturn:
    """Serve until a signal or the end of the parent process; never returns."""
    arguments = _arguments()
    parent = os.getppid()
    # Nothing here has to be put in order, and the library, while it loads, lets no handler run.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    try:
        server = _serve(arguments.host, arguments.port)
    except LocalError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(os.EX_CONFIG)
    sys.stdout.write(f"local model {MODEL_NAME} ready on {server.listening_address}/v1\n")
    sys.stdout.flush()
    while os.getppid() == parent:
        threading.Event().wait(WATCH_S)
    # The server's own shutdown waits for requests in flight, for half a minute and more.
    os._exit(0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tailrace.deploy.local.model", description=__doc__
    )
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0 takes any")
    parser.add_argument("--host", type=_loopback, default="127.0.0.1", help="a loopback address")
    parser.add_argument(
        "--anywhere",
        dest="host",
        action="store_const",
        const="0.0.0.0",  # noqa: S104 - asked for in so many words
        help="listen on every address, in a container whose network is its own",
    )
    return parser.parse_args()


def _loopback(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if not address.is_loopback:
        raise argparse.ArgumentTypeError("not a loopback address; a container says --anywhere")
    return host


def _serve(host: str, port: int) -> Server:
    if (weights := model_file()) is None:
        raise LocalError(NO_FILE)
    try:
        library = importlib.import_module("xllamacpp")
    except ModuleNotFoundError as error:
        raise LocalError(NO_LIBRARY) from error
    except ImportError as error:
        raise LocalError(f"{NOT_LOADED} ({error})") from error
    params = library.CommonParams()
    params.model.path = str(weights)
    params.model_alias = {MODEL_NAME}
    params.hostnames = [host]
    params.port = port
    _set(params, SIZE | CLOSED_DOORS)
    _set(params.cpuparams, {"n_threads": _threads()})
    _set(params.sampling, PLAIN_WORDS)
    try:
        return library.Server(params)
    except RuntimeError as error:
        raise LocalError(f"cannot serve the local model on {host}:{port}: port in use?") from error


def _threads() -> int:
    return max(1, min(MOST_THREADS, (os.cpu_count() or 1) - 1))


def _set(target: object, values: dict[str, Value]) -> None:
    for name, value in values.items():
        setattr(target, name, value)


if __name__ == "__main__":
    main()
