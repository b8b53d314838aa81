import hashlib

import pytest

from tailrace.api.settings import ApiSettings
from tailrace.shared.errors import ConfigurationError
from tailrace.shared.settings import load_settings

HASH = hashlib.sha256(b"a key").hexdigest()
OTHER = hashlib.sha256(b"another key").hexdigest()


def loaded(monkeypatch: pytest.MonkeyPatch, **variables: str) -> ApiSettings:
    for name, value in variables.items():
        monkeypatch.setenv(f"TAILRACE_{name}", value)
    return load_settings(ApiSettings)


def test_the_defaults_are_those_of_the_protocol():
    settings = ApiSettings()
    assert settings.host == "127.0.0.1"
    assert settings.heartbeat_s == 4
    assert settings.connection_age_s == 1800
    assert (settings.max_body_bytes, settings.max_depth, settings.max_keys) == (2**20, 32, 10_000)
    assert settings.cors_origins == ()


def test_keys_are_pairs_of_tenant_and_hash(monkeypatch: pytest.MonkeyPatch):
    settings = loaded(monkeypatch, API_KEYS=f"ann:{HASH}, bob.2:{OTHER},")
    assert settings.api_keys == {HASH: "ann", OTHER: "bob.2"}


def test_a_tenant_may_have_several_keys(monkeypatch: pytest.MonkeyPatch):
    settings = loaded(monkeypatch, API_KEYS=f"ann:{HASH},ann:{OTHER}")
    assert set(settings.api_keys.values()) == {"ann"}


@pytest.mark.parametrize(
    "keys",
    [
        "ann",
        f"ann:{HASH[:-1]}",
        f"ann:{HASH.upper()}",
        f":{HASH}",
        f"a b:{HASH}",
        f"a:b:{HASH}",
        "ann:the key itself",
        f"ann:{HASH},bob:{HASH}",
    ],
)
def test_keys_of_another_form_are_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, keys: str
):
    with pytest.raises(ConfigurationError, match="TAILRACE_API_KEYS") as refusal:
        loaded(monkeypatch, API_KEYS=keys)
    assert keys not in str(refusal.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_no_keys(monkeypatch: pytest.MonkeyPatch, host: str):
    assert loaded(monkeypatch, HOST=host).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.1", "example.com", "localhost.evil"])
def test_beyond_loopback_the_service_is_closed_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, host: str
):
    with pytest.raises(ConfigurationError, match=r"TAILRACE_API_KEYS.*TAILRACE_ALLOW_OPEN=1"):
        loaded(monkeypatch, HOST=host)
    assert loaded(monkeypatch, HOST=host, API_KEYS=f"ann:{HASH}").host == host
    assert loaded(monkeypatch, HOST=host, API_KEYS="", ALLOW_OPEN="1").allow_open


def test_origins_are_an_exact_list(monkeypatch: pytest.MonkeyPatch):
    settings = loaded(monkeypatch, CORS_ORIGINS="https://a.example, http://localhost:3000,")
    assert settings.cors_origins == ("https://a.example", "http://localhost:3000")


@pytest.mark.parametrize(
    "origins", ["*", "null", "a.example", "https://*.example", "https://a.example/", "ftp://a"]
)
def test_an_origin_that_no_browser_sends_is_refused(monkeypatch: pytest.MonkeyPatch, origins: str):
    with pytest.raises(ConfigurationError, match="TAILRACE_CORS_ORIGINS"):
        loaded(monkeypatch, CORS_ORIGINS=origins)


def test_a_short_secret_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ConfigurationError, match="TAILRACE_SECRET") as refusal:
        loaded(monkeypatch, SECRET="short-secret")
    assert "short-secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "70000"), ("PORT", "http"), ("HEARTBEAT_S", "0"), ("MAX_DEPTH", "-1")],
)
def test_a_value_out_of_range_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    with pytest.raises(ConfigurationError, match=f"TAILRACE_{name}"):
        loaded(monkeypatch, **{name: value})


@pytest.mark.parametrize(
    "others",
    [{"API_KEYS": f"ann:{HASH}"}, {"HOST": "0.0.0.0", "ALLOW_OPEN": "1"}],
    ids=["with keys", "beyond loopback"],
)
def test_errors_are_not_shown_where_others_may_call(
    monkeypatch: pytest.MonkeyPatch, others: dict[str, str]
):
    with pytest.raises(ConfigurationError, match="TAILRACE_SHOW_ERRORS=1"):
        loaded(monkeypatch, SHOW_ERRORS="1", **others)


def test_errors_may_be_shown_on_loopback_without_keys(monkeypatch: pytest.MonkeyPatch):
    assert loaded(monkeypatch, SHOW_ERRORS="1").show_errors
