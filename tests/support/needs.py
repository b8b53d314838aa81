"""Programs of the system that a test needs: without them it is skipped by name, and in CI fails."""

import os

import pytest

from tools import programs


def program(name: str) -> str:
    """Where a program is; ends the test where it is missing."""
    try:
        return programs.required(name)
    except programs.ProgramMissing as error:
        end = pytest.fail if os.environ.get("CI") else pytest.skip
        end(str(error))
