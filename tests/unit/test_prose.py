"""The prose linter finds what our style rules out, in documents and in code, and nothing else."""

from pathlib import Path

import pytest

from tools.prose.passages import Passage, passages
from tools.prose.style import Rule, findings, rules

STUMBLES = (
    "Who wants the outcome only can wait for it, for up to a minute, with `Prefer: wait`.",
    "Lost the line after event 2? Say so, and the log goes on at 3.",
    "What will not pass, such as a wrong key, ends it at once.",
    "What is no whole number is ignored, as the RFC wants it.",
    "A client SHOULD take a silence of more than twice that time for a lost line.",
    "When a lane or a page finds the store away, everyone at those tails is asked to come back, "
    "and the windows are forgotten.",
    "The body can't have a content coding.",
    "no claims",
    "attempt broke",
    "store lost to a reader",
    "Drop the line",
    "What it says",
)
PLAIN = (
    "If you only need the result, send `Prefer: wait`; the request blocks for up to a minute.",
    "If the connection drops after event 2, send that id back and the stream resumes at event 3.",
    "Permanent errors, such as an invalid API key, fail the job immediately.",
    "Non-integer values are ignored, as RFC 7240 requires.",
    "A client SHOULD treat more than twice that interval without data as a lost connection.",
    "If a read fails because Redis is unavailable, its listeners are disconnected with a `retry` "
    "hint and the cached frames are dropped.",
    "Request bodies must not use Content-Encoding.",
    "claim failed",
    "attempt crashed",
    "log reader lost the store",
    "Disconnect",
    "Output",
)


def _found(text: str) -> list[str]:
    return [finding.rule for finding in findings([Passage(Path("x.md"), 1, text, "document")])]


@pytest.mark.parametrize("sentence", STUMBLES)
def test_a_sentence_that_makes_a_reader_stumble_is_found(sentence: str) -> None:
    assert _found(sentence)


@pytest.mark.parametrize("sentence", PLAIN)
def test_a_plain_sentence_is_left_alone(sentence: str) -> None:
    assert _found(sentence) == []


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_a_rule_finds_its_bad_examples_and_none_of_its_good_ones(rule: Rule) -> None:
    assert [text for text in rule.bad if not any(rule.matches(text))] == []
    assert [text for text in rule.good if any(rule.matches(text))] == []


def test_a_long_sentence_and_one_with_many_passives_are_found() -> None:
    assert _found(" ".join(f"word{n}" for n in range(60)) + ".") == ["long"]
    assert _found("It is written, was read, has been moved and will be deleted.") == ["passive"]
    assert _found("It is written. It was read. It has been deleted.") == []


def test_what_proselint_knows_is_found() -> None:
    [rule] = _found("At the end of the day, it works.")
    assert rule.startswith("cliches.")


CODE = '''"""The module shall end."""

LIMIT = 3  # a comment that shall be read
"""The limit shall hold."""


def refuse(name: str) -> None:
    raise ValueError(f"the job {name} shall not run here")


PATTERN = "shall|shan't|{must}"
QUOTED = "`shall`"
'''


def test_docstrings_comments_and_messages_of_code_are_read(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(CODE)
    found = findings(list(passages(path)))
    assert [(f.rule, f.passage.line_at(f.offset)) for f in found] == [
        ("shall", 3),
        ("shall", 1),
        ("shall", 4),
        ("shall", 8),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.js", "// it shall\n"),
        ("a.js", 'show("The job shall end here");\n'),
        ("a.css", "/* it shall */\n"),
        ("a.html", "<p>It shall</p>"),
        ("a.html", '<p title="It shall">x</p>'),
        ("a.lua", "-- it shall\n"),
        ("a.yml", "key: value  # it shall\n"),
        ("Makefile", "# it shall\n"),
        ("a.md", "| a | b |\n| --- | --- |\n| it shall | c |\n"),
        ("a.md", "It\nshall.\n"),
    ],
)
def test_prose_is_found_in_every_kind_of_file(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert [f.rule for f in findings(list(passages(tmp_path / name)))] == ["shall"]


@pytest.mark.parametrize(
    "text", ["It uses `shall`.\n", "```python\nshall = 1\n```\n", "[a](shall.md)\n"]
)
def test_code_in_a_document_is_not_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(text)
    assert findings(list(passages(tmp_path / "a.md"))) == []


def test_a_finding_names_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Title\n\nA line\nand one that\nshall be found.\n")
    [finding] = findings(list(passages(tmp_path / "a.md")))
    assert str(finding).startswith(f"{tmp_path / 'a.md'}:5: shall:")
