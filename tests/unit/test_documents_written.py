"""What writes the documents: generated parts between marks, README's picture, links of the site."""

import re
from html import unescape

import pytest

from tests.support.markdown import ROOT
from tools.documents import site
from tools.documents.marks import names, renewed
from tools.documents.terminal import Line, drawn

PICTURE = (ROOT / "docs" / "images" / "resume.svg").read_text()


def test_only_what_stands_between_its_marks_is_written_anew() -> None:
    before = "a\n<!-- generated: x -->\nold\n<!-- /generated -->\nb\n"
    after = renewed(before, {"x": lambda: "new"})
    assert after == "a\n<!-- generated: x -->\n\nnew\n\n<!-- /generated -->\nb\n"
    assert renewed(after, {"x": lambda: "new"}) == after
    assert names(after) == ["x"]


def test_a_part_that_nothing_makes_is_an_error() -> None:
    with pytest.raises(KeyError, match="x"):
        renewed("<!-- generated: x -->\n<!-- /generated -->\n", {})


def test_the_picture_shows_one_log_cut_once_and_resumed_at_the_next_number() -> None:
    shown = unescape(re.sub(r"<(?!/text|text)[^>]+>", "", PICTURE))
    before, cut, after = shown.partition("curl: (18)")
    assert cut
    [last] = re.findall(r"Last-Event-ID: (\d+)", after)
    ids = [[int(n) for n in re.findall(r"id: (\d+)<", part)] for part in (before, after)]
    assert ids[0][-1] == int(last)
    assert [*ids[0], *ids[1]] == list(range(1, ids[1][-1] + 1))
    assert '"status":"succeeded"' in after


def test_a_picture_names_no_other_host_and_has_no_script() -> None:
    hosts = set(re.findall(r"https?://[^\"'\s/]+", PICTURE))
    assert hosts == {"http://www.w3.org"}
    assert "<script" not in PICTURE


def test_a_terminal_shows_what_was_printed_as_text() -> None:
    picture = drawn([Line(0.0, "command", "$ a && b"), Line(1.0, "output", "data: <1>")])
    assert "$ a &amp;&amp; b" in picture
    assert "&lt;1&gt;" in picture


def test_a_line_longer_than_the_terminal_is_folded() -> None:
    assert drawn([Line(0.0, "output", "x" * 100)]).count("<text") == 3


@pytest.mark.parametrize(
    ("uri", "document"),
    [("reference/protocol.md", "PROTOCOL.md"), ("quickstart.md", "docs/quickstart.md")],
)
def test_the_site_has_each_document_at_its_place(uri: str, document: str) -> None:
    assert site.source(uri) == ROOT / document
    assert site.place(ROOT / document) == uri


@pytest.mark.parametrize(
    ("here", "text", "shown"),
    [
        ("guides/models.md", "[p](../../PROTOCOL.md#calls)", "[p](../reference/protocol.md#calls)"),
        ("reference/protocol.md", "[q](docs/quickstart.md)", "[q](../quickstart.md)"),
        ("index.md", "[e](../.env.example)", "[e](source/env.example.md)"),
        ("index.md", "`[e](../.env.example)`", "`[e](../.env.example)`"),
        ("index.md", "```json langgraph.json\n{}\n```", '```json title="langgraph.json"\n{}\n```'),
        ("index.md", "```console make\nx\n```", "```console\nx\n```"),
    ],
)
def test_links_of_the_repository_are_links_of_the_site(here: str, text: str, shown: str) -> None:
    assert site.rewritten(text, here) == shown
