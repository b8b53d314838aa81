"""API keys: made here, shown once; the service is given the hash only."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final

import typer

_TENANT: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key with the two settings that it goes into."""

    tenant: str
    key: str

    @property
    def for_caller(self) -> str:
        """What the caller sets."""
        return f"TAILRACE_API_KEY={self.key}"

    @property
    def for_service(self) -> str:
        """What the service is given; entries of several tenants are joined by commas."""
        return f"TAILRACE_API_KEYS={self.tenant}:{hashlib.sha256(self.key.encode()).hexdigest()}"


def new_key(tenant: str) -> NewKey:
    """Make a key of 256 random bits.

    Raises:
        typer.BadParameter: the name can't be used in the service's setting.
    """
    if not _TENANT.fullmatch(tenant):
        message = "1 to 64 letters, digits, '.', '_' or '-'"
        raise typer.BadParameter(message, param_hint="TENANT")
    return NewKey(tenant, secrets.token_urlsafe(32))
