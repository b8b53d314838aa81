"""MkDocs' hook: the site also has the documents at the top, and every file that a page links to.

A page may link to any file of the repository, as it does where the repository is read. What lies
outside of docs/ becomes a page of its own: Markdown as it is, code as a block.
"""

import re
from collections.abc import Iterator
from os.path import relpath
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
PLACES: Final = {
    "PROTOCOL.md": "reference/protocol.md",
    "ARCHITECTURE.md": "internals/architecture.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CODE_OF_CONDUCT.md": "project/code-of-conduct.md",
    "SECURITY.md": "project/security.md",
}
"""Where the site has the documents at the top; README is the front door of the repository."""
_AT_THE_TOP: Final = {uri: name for name, uri in PLACES.items()}
_LINK: Final = re.compile(r"(?P<open>\]\()(?P<target>[^)#\s:]+)(?P<anchor>#[^)\s]*)?\)")
_FENCE: Final = re.compile(r"^(?P<fence>```\w+) (?P<name>[\w./-]+)$", re.MULTILINE)
_CODE: Final = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_LANGUAGES: Final = {".py": "python", ".lua": "lua", ".yml": "yaml", ".js": "js", ".conf": "nginx"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what the pages link to, and what that links to."""
    waiting = [ROOT / name for name in PLACES]
    waiting += [Path(file.abs_src_path or "") for file in files.documentation_pages()]
    seen = set(waiting)
    while waiting:
        path = waiting.pop()
        if not path.is_relative_to(DOCS):
            files.append(_file(path, config))
        for target in _linked(path):
            if target not in seen and not target.is_relative_to(DOCS):
                seen.add(target)
                waiting.append(target)
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Turn links to files of the repository into links to their pages."""
    return rewritten(markdown, page.file.src_uri)


def rewritten(markdown: str, uri: str) -> str:
    """A document's text, with its links and its blocks as the site has them."""
    here = source(uri)
    if here.suffix == ".md":
        markdown = _outside_code(markdown, here)
    return _FENCE.sub(_named, markdown)


def _outside_code(markdown: str, here: Path) -> str:
    """The links of the text, not those of its code, as the site has them."""
    parts, end = list[str](), 0
    for code in _CODE.finditer(markdown):
        parts += [_relinked(markdown[end : code.start()], here), code[0]]
        end = code.end()
    return "".join([*parts, _relinked(markdown[end:], here)])


def _relinked(text: str, here: Path) -> str:
    def link(match: re.Match[str]) -> str:
        target = place((here.parent / match["target"]).resolve())
        shown = relpath(target, Path(place(here)).parent)
        return f"{match['open']}{shown}{match['anchor'] or ''})"

    return _LINK.sub(link, text)


def _linked(path: Path) -> Iterator[Path]:
    """The files of the repository that a page links to."""
    if path.suffix == ".md":
        for match in _LINK.finditer(_CODE.sub("", path.read_text())):
            target = (path.parent / match["target"]).resolve()
            if target.exists():
                yield target


def _named(match: re.Match[str]) -> str:
    """A block that is a file shows its name; another word after the language is for the tests."""
    name = match["name"]
    return f'{match["fence"]} title="{name}"' if "." in name else match["fence"]


def _file(path: Path, config: MkDocsConfig) -> File:
    uri = place(path)
    if path.suffix == ".md" or path.suffix in {".svg", ".png"}:
        return File.generated(config, uri, abs_src_path=str(path))
    return File.generated(config, uri, content=_shown(path))


def _shown(path: Path) -> str:
    name = path.relative_to(ROOT).as_posix()
    if path.is_dir():
        inside = sorted(entry.name for entry in path.iterdir() if not entry.name.startswith("__"))
        return "\n".join((f"# {name}/\n", *(f"- `{entry}`" for entry in inside)))
    language = _LANGUAGES.get(path.suffix, "text")
    return f"# {name}\n\n````{language}\n{path.read_text()}\n````\n"


def place(path: Path) -> str:
    """Where the site has a file of the repository."""
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS).as_posix()
    name = path.relative_to(ROOT).as_posix()
    if path.suffix in {".md", ".svg", ".png"}:
        return PLACES.get(name, f"source/{name}")
    # MkDocs leaves out what begins with a dot.
    return f"source/{name.lstrip('.')}.md"


def source(uri: str) -> Path:
    """The file of the repository that the site has there."""
    if uri in _AT_THE_TOP:
        return ROOT / _AT_THE_TOP[uri]
    if uri.startswith("source/"):
        path = ROOT / uri.removeprefix("source/")
        return path if path.exists() else path.with_suffix("")
    return DOCS / uri
