"""The parts of a document that are written by `make generate`, each between two marks.

A part begins with a line `<!-- generated: NAME -->` and ends with `<!-- /generated -->`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

_PART: Final = re.compile(
    r"^(?P<begin><!-- generated: (?P<name>[a-z-]+) -->\n)(?P<body>.*?)^<!-- /generated -->$",
    re.MULTILINE | re.DOTALL,
)

Part = Callable[[], str]


def names(text: str) -> list[str]:
    """The names of the generated parts of a document, in order."""
    return [part["name"] for part in _PART.finditer(text)]


def renewed(text: str, parts: Mapping[str, Part]) -> str:
    """The document with each of its generated parts regenerated.

    Raises:
        KeyError: nothing makes a part of that name.
    """
    return _PART.sub(
        lambda part: f"{part['begin']}\n{parts[part['name']]()}\n\n<!-- /generated -->", text
    )
