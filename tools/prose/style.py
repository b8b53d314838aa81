"""Our style, and proselint's: what is found in a passage."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any, Final

from proselint import checks
from proselint.registry import CheckRegistry
from proselint.tools import LintFile

from tools.prose.passages import Kind, Passage

STYLE: Final = Path(__file__).with_name("style.toml")

PROSELINT: Final = (
    *("archaism", "cliches", "hedging", "malapropisms", "misc.illogic", "misc.many_a"),
    *("mixed_metaphors", "mondegreens", "needless_variants", "nonwords", "oxymorons"),
    *("redundancy", "uncomparables"),
)
"""Of proselint's checks, those that suit technical prose: nothing on typography or on slang."""

_TO_BE: Final = r"\b(?:is|are|was|were|be|been|being|gets?|got)\b"
_PARTICIPLE: Final = (
    r"(?:\w{2,}ed|built|bound|brought|chosen|cut|done|drawn|driven|found|given|gone|held|kept|known|laid|left"
    r"|lost|made|meant|met|paid|put|read|run|said|seen|sent|set|shown|shut|sold|spent|split|spoken|stopped|taken"
    r"|taught|thrown|told|torn|understood|won|written)\b"
)
_PASSIVE: Final = re.compile(
    rf"{_TO_BE}(?:\s+(?:not|never|only|then|also|\w+ly))?\s+{_PARTICIPLE}", re.IGNORECASE
)
_END: Final = re.compile(
    r"(?<=[.!?])[\"')\]]*\s+(?=[A-Z\"'(`])|(?<=[:;])\s+|\n\s*\n|\n\s*(?=[-*] |\w+: )"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to write differently."""

    passage: Passage
    offset: int
    rule: str
    message: str

    def __str__(self) -> str:
        return (
            f"{self.passage.path}:{self.passage.line_at(self.offset)}: {self.rule}: {self.message}"
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of `style.toml`."""

    name: str
    pattern: re.Pattern[str]
    write: str
    kind: Kind | None
    spared: tuple[re.Pattern[str], ...]
    skipped: tuple[str, ...]
    bad: tuple[str, ...]
    good: tuple[str, ...]

    def covers(self, passage: Passage) -> bool:
        """Whether it holds for a passage."""
        if self.kind not in {None, passage.kind}:
            return False
        return not any(fnmatch(str(passage.path), place) for place in self.skipped)

    def matches(self, text: str) -> Iterator[re.Match[str]]:
        """What it finds in a text, wherever its lines break."""
        text = text.replace("\n", " ")
        spared = [range(*m.span()) for pattern in self.spared for m in pattern.finditer(text)]
        for match in self.pattern.finditer(text):
            if not any(match.start() in span for span in spared):
                yield match


@cache
def rules() -> tuple[Rule, ...]:
    """The rules of our style."""
    return tuple(_rule(entry) for entry in _style()["rule"])


def findings(passages: Sequence[Passage]) -> list[Finding]:
    """All that is found, in the order of the passages."""
    found = [
        *_by_rules(passages),
        *_by_sentences(passages),
        *_by_proselint(passages),
    ]
    order = {id(passage): n for n, passage in enumerate(passages)}
    return sorted(found, key=lambda finding: (order[id(finding.passage)], finding.offset))


def _by_rules(passages: Iterable[Passage]) -> Iterator[Finding]:
    for passage in passages:
        for rule in rules():
            if not rule.covers(passage):
                continue
            for match in rule.matches(passage.text):
                said = " ".join(match[0].split())
                yield Finding(passage, match.start(), rule.name, f"{said!r}: write {rule.write}")


def _by_sentences(passages: Iterable[Passage]) -> Iterator[Finding]:
    limits = _style()["limits"]
    for passage in passages:
        for start, sentence in _sentences(passage.text):
            words = len(re.findall(r"[\w'’-]+", sentence))  # noqa: RUF001
            if words > limits["words"]:
                yield Finding(passage, start, "long", f"{words} words in a sentence: make it two")
            passives = len(_PASSIVE.findall(sentence))
            if passives >= limits["passives"]:
                yield Finding(
                    passage, start, "passive", f"{passives} passives in a sentence: say who does it"
                )


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for end in _END.finditer(text):
        yield start, text[start : end.start()]
        start = end.end()
    yield start, text[start:]


def _by_proselint(passages: Sequence[Passage]) -> Iterator[Finding]:
    """Everything in one run: each of its checks takes its time, however short the text."""
    registry = CheckRegistry()
    if not registry.checks:
        registry.register_many(checks.__register__)
    text, starts = "", list[int]()
    for passage in passages:
        starts.append(len(text) + 1)
        text += passage.text + "\n\n"
    enabled: Any = {"max_errors": 100_000, "checks": dict.fromkeys(PROSELINT, True)}
    for result in LintFile("prose", text).lint(enabled) if text else ():
        at = result.check_result.span[0]
        n = max(n for n, start in enumerate(starts) if start <= at + 1)
        offset = min(max(at - starts[n], 0), len(passages[n].text))
        yield Finding(
            passages[n], offset, result.check_result.check_path, result.check_result.message
        )


@cache
def _style() -> dict[str, Any]:
    return tomllib.loads(STYLE.read_text())


def _rule(entry: dict[str, Any]) -> Rule:
    return Rule(
        entry["name"],
        _pattern(entry["pattern"]),
        entry["write"],
        entry.get("in"),
        tuple(map(_pattern, entry.get("except", ()))),
        tuple(entry.get("skip", ())),
        tuple(entry["bad"]),
        tuple(entry["good"]),
    )


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)
