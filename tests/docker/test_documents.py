"""What the documents say about containers: each command is one that Compose takes, on our files.

The commands themselves are run by test_stack and test_image, with names and ports of their own.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.docker import docker
from tests.support.markdown import ROOT, Block, all_blocks

COMMAND = re.compile(r"^(?P<env>(?:\w+=\S+ )*)docker compose (?P<words>.+)$", re.MULTILINE)
WITH_A_VALUE = {"-f", "--profile"}


@dataclass(frozen=True)
class Command:
    """`docker compose`, taken apart."""

    env: Mapping[str, str]
    options: Sequence[str]
    """Those of Compose itself: which files, which profile."""
    name: str
    words: Sequence[str]
    """What follows its name."""

    def __str__(self) -> str:
        return shlex.join((*self.options, self.name, *self.words))


def commands() -> list[Command]:
    """Every command of Compose in the documents."""
    blocks = (block for block in all_blocks("console") if block.name == "docker")
    return [_command(match) for block in blocks for match in COMMAND.finditer(block.text)]


def _command(match: re.Match[str]) -> Command:
    words = shlex.split(match["words"])
    env = dict(pair.split("=", 1) for pair in match["env"].split())
    n = 0
    while words[n].startswith("-"):
        n += 2 if words[n] in WITH_A_VALUE else 1
    return Command(env, words[:n], words[n], words[n + 1 :])


def test_every_block_that_is_left_to_this_tier_is_a_command_of_compose() -> None:
    left = [block.text for block in all_blocks("console") if block.name == "docker"]
    assert left
    assert [COMMAND.sub("", text).strip() for text in left] == [""] * len(left)


@pytest.mark.parametrize("command", commands(), ids=str)
async def test_compose_takes_a_command_that_is_shown(command: Command) -> None:
    compose = ("compose", *command.options)
    services = await docker(*compose, "config", "--services", env=command.env, folder=ROOT)
    help_ = await docker("compose", command.name, "--help")
    options = {word for word in command.words if word.startswith("--")}
    assert {word for word in options if word not in help_} == set()
    scaled = {word.partition("=")[0] for word in command.words if "=" in word}
    named = {*command.words[:1]} if command.name == "exec" else scaled
    assert named <= set(services.split())


@pytest.mark.parametrize("block", all_blocks("yaml"), ids=str)
async def test_compose_takes_an_override_that_is_shown(block: Block, tmp_path: Path) -> None:
    override = tmp_path / block.name
    override.write_text(block.text)
    files = ("--file", str(ROOT / "docker-compose.yml"), "--file", str(override))
    await docker("compose", *files, "config", "--quiet", folder=tmp_path)
