"""The prose in a file: a document's text; the docstrings, comments and messages of code.

Code inside prose is replaced by a placeholder, so that no rule finds a word in it.
"""

import ast
import html.parser
import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from markdown_it import MarkdownIt

CODE: Final = "X"
"""What is written in place of code."""
Kind = Literal["document", "code"]

_IN_BACKQUOTES: Final = re.compile(r"``[^`]+``|`[^`\n]+`")
_COLUMNS: Final = re.compile(r"(?<=\S)  +(?=\S)")
_SPACES: Final = re.compile(r"\s+")
_MAP_ENTRY: Final = re.compile(r"^( *)[\w./*-]+(?:, [\w./*-]+)*  +(?=\S)", re.MULTILINE)
_DIRECTIVE: Final = re.compile(
    r"^(?:noqa|type:|pyright:|pragma|ruff:|fmt:|shellcheck|hadolint|luacheck|biome-|!|@)"
)
_SENTENCE: Final = re.compile(r"[A-Za-z]{2,}['’a-z]*[ ,;:]+(?:[\w'’-]+[ ,;:.]+){2,}")  # noqa: RUF001
_NOT_PROSE: Final = re.compile(r"[{}\\=<>|$]|\b(?:redis\.call|SELECT|KEYS)\b")


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph, or what takes its place in code."""

    path: Path
    line: int
    text: str
    kind: Kind = "code"

    def line_at(self, offset: int) -> int:
        """The line of the file on which a character of the text is."""
        return self.line + self.text.count("\n", 0, offset)


def passages(path: Path) -> Iterator[Passage]:
    """The prose of a file; none where we can't tell prose from code."""
    find = _BY_NAME.get(path.name) or _BY_SUFFIX.get(path.suffix)
    if find is None:
        return
    for passage in find(path, path.read_text()):
        if re.search(r"[A-Za-z]{2}", passage.text):
            yield replace(passage, text=_SPACES.sub(_space, passage.text))


def _space(spaces: re.Match[str]) -> str:
    """One space in place of several; line breaks stay, since lines are counted."""
    return "\n" * spaces[0].count("\n") or " "


def _markdown(path: Path, text: str) -> Iterator[Passage]:
    line = 0
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.map:
            line = token.map[0] + 1
        if token.type != "inline":
            continue
        parts: list[str] = []
        for child in token.children or ():
            match child.type:
                case "text":
                    parts.append(child.content)
                case "code_inline":
                    parts.append(CODE)
                case "softbreak" | "hardbreak":
                    parts.append("\n")
                case _:
                    pass
        yield Passage(path, line, "".join(parts), "document")


def _python(path: Path, text: str) -> Iterator[Passage]:
    yield from _python_comments(path, text)
    tree = ast.parse(text)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(value)) if id(node) in docstrings:
                for start, paragraph in _paragraphs(_plain(value)):
                    yield Passage(path, node.lineno + start, paragraph)
            case ast.Constant(value=str(value)) if id(node) not in inside and _is_prose(value):
                yield Passage(path, node.lineno, _plain(value))
            case ast.JoinedStr(values=values):
                message = "".join(
                    str(part.value) if isinstance(part, ast.Constant) else CODE for part in values
                )
                if _is_prose(message):
                    yield Passage(path, node.lineno, _plain(message))
            case _:
                pass


def _python_comments(path: Path, text: str) -> Iterator[Passage]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = ((t.start, t.string.lstrip("#: ")) for t in tokens if t.type == tokenize.COMMENT)
    yield from _joined(path, ((line, column, said) for (line, column), said in comments))


def _by_marks(marks: str) -> Callable[[Path, str], Iterator[Passage]]:
    """Comments that a mark begins and the end of the line closes."""
    comment = re.compile(rf"(?:^|(?<=\s))(?:{marks})+ (.*)$")

    def find(path: Path, text: str) -> Iterator[Passage]:
        found = ((n, comment.search(line)) for n, line in enumerate(text.splitlines(), 1))
        yield from _joined(path, ((n, m.start(), m[1]) for n, m in found if m))

    return find


def _joined(path: Path, comments: Iterable[tuple[int, int, str]]) -> Iterator[Passage]:
    """Comments on consecutive lines, at one column, as one passage."""
    first, column, lines = 0, -1, list[str]()
    for line, at, said in comments:
        if _DIRECTIVE.match(said):
            continue
        if lines and line == first + len(lines) and at == column and not _COLUMNS.search(said):
            lines.append(said)
            continue
        if lines:
            yield Passage(path, first, _plain("\n".join(lines)))
        first, column, lines = line, at, [_COLUMNS.sub(". ", said)]
    if lines:
        yield Passage(path, first, _plain("\n".join(lines)))


def _script(path: Path, text: str) -> Iterator[Passage]:
    """JavaScript and CSS: comments, and strings that are sentences."""
    yield from _by_marks(r"//")(path, text)
    for comment in re.finditer(r"/\*+(.*?)\*/", text, re.DOTALL):
        said = re.sub(r"^ *\* ?", "", comment[1], flags=re.MULTILINE)
        yield Passage(path, text.count("\n", 0, comment.start()) + 1, _plain(said))
    for string in re.finditer(r"\"((?:[^\"\\\n]|\\.)*)\"|`([^`]*)`", text):
        said = re.sub(r"\$\{[^}]*\}", CODE, string[1] or string[2] or "")
        if _is_prose(said):
            yield Passage(path, text.count("\n", 0, string.start()) + 1, _plain(said))


class _Page(html.parser.HTMLParser):
    """The texts of a page, and those of its attributes."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.found: list[Passage] = []
        self._path = path
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code += tag in {"script", "style", "code", "pre"}
        for name, value in attrs:
            if name in {"title", "placeholder", "aria-label", "content", "alt"} and value:
                self.found.append(Passage(self._path, self.getpos()[0], value))

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in {"script", "style", "code", "pre"}

    def handle_data(self, data: str) -> None:
        if not self._code:
            self.found.append(Passage(self._path, self.getpos()[0], data))

    def handle_comment(self, data: str) -> None:
        self.found.append(Passage(self._path, self.getpos()[0], data))


def _page(path: Path, text: str) -> Iterator[Passage]:
    page = _Page(path)
    page.feed(text)
    yield from page.found


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """The paragraphs of a docstring with the lines before each; a line of a map is one."""
    line = 0
    for block in re.split(r"(\n[ \t]*\n)", text):
        if _MAP_ENTRY.search(block) or re.search(r"^ *(?:[|│├└]|>>>)", block, re.MULTILINE):
            for n, entry in enumerate(block.split("\n")):
                yield line + n, _MAP_ENTRY.sub("", entry)
        elif block.strip():
            yield line, block
        line += block.count("\n")


def _plain(text: str) -> str:
    return _IN_BACKQUOTES.sub(CODE, text)


def _is_prose(text: str) -> bool:
    """Whether a string is a sentence for people, rather than a pattern, a script or a key."""
    return bool(_SENTENCE.search(text)) and not _NOT_PROSE.search(_plain(text))


_HASH: Final = _by_marks("#")
_BY_SUFFIX: Final[Mapping[str, Callable[[Path, str], Iterator[Passage]]]] = {
    ".md": _markdown,
    ".py": _python,
    ".js": _script,
    ".css": _script,
    ".html": _page,
    ".lua": _by_marks("--"),
    **dict.fromkeys((".toml", ".yml", ".yaml", ".sh", ".conf", ".template", ".example"), _HASH),
}
_BY_NAME: Final[Mapping[str, Callable[[Path, str], Iterator[Passage]]]] = dict.fromkeys(
    ("Makefile", "Dockerfile", "run"), _HASH
)
