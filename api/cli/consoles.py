"""Where output goes. Colours only on a terminal; nothing is ever read as rich's markup."""

from rich.console import Console


def stdout() -> Console:
    """For what was asked for."""
    return Console(markup=False, emoji=False, highlight=False)


def stderr() -> Console:
    """For notes and errors, so that they never mix with what was asked for."""
    return Console(stderr=True, markup=False, emoji=False, highlight=False)
