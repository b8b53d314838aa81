"""Text that tries to command the terminal it is printed on."""

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202etxt.exe [red]not red[/red]"


def assert_harmless(text: str) -> None:
    assert not set(text) & {"\x1b", "\x07", "\x9b", "\u202e", "\r"}
