"""`.env.example` is the list of settings: complete, true, and harmless when copied as it is."""

import re
from pathlib import Path

import pytest

from tailrace.api.settings import ApiSettings
from tailrace.shared.settings import SharedSettings
from tailrace.worker.graphs.chat_model import ModelSettings
from tailrace.worker.settings import WorkerSettings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
PREFIX = "TAILRACE_"
LINE = re.compile(r"^(?P<comment># ?)?(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)$")

MODELS: list[type[SharedSettings]] = [SharedSettings, ApiSettings, WorkerSettings]
OF_PROCESSES = {PREFIX + field.upper() for model in MODELS for field in model.model_fields}
OF_THE_MODEL = {field.upper() for field in ModelSettings.model_fields}
OF_THE_COMMAND_LINE = {"TAILRACE_URL", "TAILRACE_API_KEY"}


def test_the_example_lists_every_setting_and_no_other() -> None:
    assert set(_listed()) == OF_PROCESSES | OF_THE_MODEL | OF_THE_COMMAND_LINE


def test_every_line_of_the_example_is_a_setting_or_a_comment() -> None:
    lines = EXAMPLE.read_text().splitlines()
    odd = [line for line in lines if line.strip() and not line.startswith("#") and "=" not in line]
    assert odd == []


def test_a_copied_example_sets_nothing() -> None:
    live = [name for name, (commented, _) in _listed().items() if not commented]
    assert live == []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_values_in_the_example_are_the_defaults(
    model: type[SharedSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    defaults = model()
    for name, (_, value) in _listed().items():
        if value and name in OF_PROCESSES:
            monkeypatch.setenv(name, value)
    assert model() == defaults


def test_every_setting_of_the_example_stands_under_a_comment_that_explains_it() -> None:
    lines = EXAMPLE.read_text().splitlines()
    bare = [
        line
        for above, line in zip(["", *lines], lines, strict=False)
        if LINE.match(line) and not (above.startswith("# ") or LINE.match(above))
    ]
    assert bare == []


def _listed() -> dict[str, tuple[bool, str]]:
    """By name: whether the line is commented out, and its value."""
    found = [LINE.match(line) for line in EXAMPLE.read_text().splitlines()]
    return {m["name"]: (m["comment"] is not None, m["value"].strip()) for m in found if m}
