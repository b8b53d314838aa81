"""Removes secrets from a text that came from outside, before anyone sees it."""

import os
import re
from typing import Final

_MASK: Final = "***"
_SECRET_NAMES: Final = ("KEY", "TOKEN", "SECRET", "PASSWORD")
_SHORTEST: Final = 8
"""A shorter value is more likely to be a word than a secret."""
_PATTERNS: Final = (
    # OpenAI, Anthropic, OpenRouter, Stripe; with stars too, as OpenAI shows an invalid key.
    re.compile(r"\b[sprx]k-[\w*-]{6,}"),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}"),
    re.compile(r"\bAIza[\w-]{10,}"),
    re.compile(
        r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[a-z]-|hf_|gsk_|xai-|pplx-|r8_|lsv2_)[\w-]{8,}"
    ),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"),
    re.compile(r"(?<=\bBearer )[^\s\"',;]+", re.IGNORECASE),
    re.compile(r"(?<=\bBasic )[A-Za-z0-9+/=]{8,}"),
    re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"),
    re.compile(
        r"(?i)(?<=[?&])((?:api[-_]?)?key|token|access_token|sig|signature|password)=[^\s&\"']+"
    ),
)


def mask(text: str) -> str:
    """The text with `***` for what looks like a key, or is a secret in this process' environment.

    A variable holds a secret if its name ends in KEY, TOKEN, SECRET or PASSWORD.
    """
    for secret in _secrets():
        text = text.replace(secret, _MASK)
    for pattern in _PATTERNS:
        text = pattern.sub(_MASK, text)
    return text


def _secrets() -> list[str]:
    """Longest first, since one may be part of another."""
    named = (value for name, value in os.environ.items() if name.upper().endswith(_SECRET_NAMES))
    return sorted((value for value in named if len(value) >= _SHORTEST), key=len, reverse=True)
