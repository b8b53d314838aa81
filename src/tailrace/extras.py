"""Says which extra of the package is not installed, where a room of it can't do without."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Final

_BRINGS: Final[Mapping[str, Sequence[str]]] = {
    "api": ("fastapi",),
    "worker": ("langgraph",),
    "local": ("fastapi", "langgraph"),
    "cli": ("typer",),
}
"""A module or two of each, by which it can be told; what an extra brings is in pyproject.toml."""


class ExtraMissing(ImportError):
    """A part of Tailrace is not installed; the message says how to get it."""


def need(extra: str) -> None:
    """Continue only if an extra is installed. Nothing of it is imported here.

    Raises:
        ExtraMissing: it is not.
    """
    for module in _BRINGS[extra]:
        if find_spec(module) is None:
            message = f"{module} is not installed: pip install 'tailrace[{extra}]'"
            raise ExtraMissing(message, name=module)
