"""Which tenant an API key belongs to, and which job a stream ticket opens. Knows no store."""

import base64
import hashlib
import hmac
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tailrace.api.errors import TicketsUnavailable, Unauthorized
from tailrace.shared.jobs import JobId

OPEN_TENANT: Final = "default"
"""The tenant of every request if no keys are set."""

_KEY_NAMES: Final = frozenset({"api_key", "apikey", "api-key", "key", "token", "access_token"})


@dataclass(frozen=True, slots=True)
class Keyring:
    """The tenants' keys, as hashes only."""

    tenants: Mapping[str, str]
    """Tenant by SHA-256 of its key, in hex."""

    @property
    def open(self) -> bool:
        """Whether the service has no keys, so that all requests belong to one tenant."""
        return not self.tenants

    def tenant(self, authorization: str | None, query_names: frozenset[str]) -> str:
        """The tenant that the key in `Authorization: Bearer` belongs to.

        Raises:
            Unauthorized: the key is missing, wrong, or in the URL, where logs would keep it.
        """
        if self.open:
            return OPEN_TENANT
        if query_names & _KEY_NAMES:
            raise Unauthorized("Keys in the URL are refused: send yours as Authorization: Bearer.")
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise Unauthorized("Send your key as Authorization: Bearer.")
        digest = hashlib.sha256(key.strip().encode()).hexdigest()
        # Every key is compared, each in constant time: the time it takes reveals nothing.
        matches = [t for known, t in self.tenants.items() if hmac.compare_digest(known, digest)]
        if not matches:
            raise Unauthorized("The key is not known.")
        return matches[0]


@dataclass(frozen=True, slots=True)
class TicketOffice:
    """Signs and checks stream tickets: the right to read one job's events for a limited time.

    A ticket is `<expiry>.<tenant>.<mac>`: Unix seconds, base64url of the tenant, base64url of
    HMAC-SHA-256 over job, tenant and expiry. It travels in URLs, so it opens nothing else.
    """

    secret: bytes | None
    ttl_s: float

    def issue(self, job_id: JobId, tenant: str) -> str:
        """A ticket for this job.

        Raises:
            TicketsUnavailable: there is no secret to sign it with.
        """
        expiry = math.ceil(time.time() + self.ttl_s)
        return f"{expiry}.{_b64(tenant.encode())}.{self._mac(job_id, tenant, expiry)}"

    def tenant(self, ticket: str, job_id: JobId) -> str:
        """The tenant in whose name the ticket reads this job.

        Raises:
            Unauthorized: forged, for another job, expired, or there is no secret.
        """
        try:
            expiry_text, tenant_text, mac = ticket.split(".")
            expiry, tenant = int(expiry_text), _unb64(tenant_text).decode()
            genuine = hmac.compare_digest(
                mac.encode("ascii"), self._mac(job_id, tenant, expiry).encode()
            )
        except (ValueError, TicketsUnavailable) as error:
            raise Unauthorized("The ticket is not valid for this job.") from error
        if not genuine or expiry < time.time():
            raise Unauthorized("The ticket is not valid for this job, or has expired.")
        return tenant

    def _mac(self, job_id: JobId, tenant: str, expiry: int) -> str:
        if self.secret is None:
            raise TicketsUnavailable("Stream tickets need TAILRACE_SECRET to be set.")
        text = f"tailrace ticket\n{job_id}\n{tenant}\n{expiry}"
        return _b64(hmac.digest(self.secret, text.encode(), "sha256"))


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
