"""What a run on this machine tells its processes."""

from pathlib import Path

import pytest

from tailrace.deploy.local.arguments import Arguments
from tailrace.deploy.local.folder import DataFolder
from tailrace.deploy.local.plan import make_plan

OWN = DataFolder(Path("/nowhere/data"), -1)
OTHERS = (
    "TAILRACE_API_KEYS",
    "TAILRACE_ALLOW_OPEN",
    "TAILRACE_CORS_ORIGINS",
    "TAILRACE_SHOW_ERRORS",
)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OTHERS:
        monkeypatch.delenv(name, raising=False)


def shows_errors(host: str = "127.0.0.1", folder: DataFolder | None = OWN) -> set[str]:
    """What every process of ours but the store is told."""
    redis = None if folder else "redis://127.0.0.1:1"
    plan = make_plan(Arguments(host=host, port=0, redis=redis), folder)
    return {child.env["TAILRACE_SHOW_ERRORS"] for child in plan.tiers[-1]}


def test_a_run_that_only_its_developer_can_call_shows_errors() -> None:
    assert shows_errors() == {"1"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TAILRACE_API_KEYS", "ann:" + "0" * 64),
        ("TAILRACE_ALLOW_OPEN", "1"),
        ("TAILRACE_CORS_ORIGINS", "https://app.example.com"),
        ("TAILRACE_SHOW_ERRORS", "0"),
    ],
)
def test_a_run_that_others_may_call_shows_none(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    assert shows_errors() == {"0"}


def test_a_run_beyond_loopback_or_on_a_store_of_others_shows_none() -> None:
    assert shows_errors(host="0.0.0.0") == {"0"}
    assert shows_errors(folder=None) == {"0"}
