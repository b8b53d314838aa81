"""Settings of the API process. `.env.example` lists and explains them."""

import re
from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from tailrace.shared.settings import Seconds, SharedSettings, is_loopback

_KEY: Final = re.compile(r"([A-Za-z0-9._-]{1,64}):([0-9a-f]{64})")
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.\-]+(:\d+)?|https?://\[[0-9a-f:]+\](:\d+)?")


class ApiSettings(SharedSettings):
    """Where the API listens, which clients it serves, and its limits."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    api_keys: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict)
    """Tenant by SHA-256 of its key. Written as `tenant:hash,tenant:hash`; empty means open."""
    secret: SecretStr | None = Field(default=None, min_length=16)
    """Signs stream tickets; must be the same on every replica."""
    allow_open: bool = False
    """Listen beyond loopback although there are no keys."""
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Exact origins of pages that may call the API; empty means none."""
    heartbeat_s: Seconds = 4
    connection_age_s: Seconds = 1800
    """A stream is cut at this age (± 10 %), so that clients spread over the replicas again."""
    stall_s: Seconds = 30
    """A connection whose outgoing buffer makes no progress for this long is cut."""
    max_pending_bytes: int = Field(default=256 * 1024, ge=32 * 1024)
    """How many bytes may be pending here for one connection, unless one frame is larger."""
    disconnect_s: Seconds = 5
    """A run of LangGraph's API that asks for it is cancelled when nobody has listened this long."""
    drain_s: Seconds = 5
    """At shutdown, streams are cut over this time, so that clients do not all return at once."""
    ticket_ttl_s: Seconds = 86400
    max_attempts: int = Field(default=3, ge=1, le=100)
    """How often a job may fail, unless the job sets it."""
    job_timeout_s: Seconds = 3600
    """How long one attempt may run, unless the job sets it."""
    max_wait_s: int = Field(default=60, ge=0)
    """How long `Prefer: wait` may delay a response; longer waits are reduced to this."""
    idempotency_ttl_s: Seconds = 86400
    """How long an `Idempotency-Key` stands for its job after its first use."""
    max_body_bytes: int = Field(default=1024 * 1024, gt=0)
    max_depth: int = Field(default=32, gt=0)
    max_keys: int = Field(default=10_000, gt=0)

    @field_validator("api_keys", mode="before")
    @classmethod
    def _parse_keys(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [_KEY.fullmatch(part.strip()) for part in value.split(",") if part.strip()]
        if not all(pairs):
            raise ValueError("expected tenant:hash pairs, with SHA-256 hashes of 64 hex digits")
        keys = {pair[2]: pair[1] for pair in pairs if pair}
        if len(keys) != len(pairs):
            raise ValueError("the same key is given twice")
        return keys

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _parse_origins(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        origins = tuple(part.strip() for part in value.split(",") if part.strip())
        if not all(_ORIGIN.fullmatch(origin) for origin in origins):
            raise ValueError("expected exact origins such as https://app.example.com, no wildcard")
        return origins

    @model_validator(mode="after")
    def _refuse_open_service(self) -> Self:
        if not (self.api_keys or self.allow_open or is_loopback(self.host)):
            raise ValueError(
                f"without TAILRACE_API_KEYS anyone who reaches {self.host} could run jobs: set keys"
                " (`tailrace key TENANT` makes one), listen on 127.0.0.1, or set"
                " TAILRACE_ALLOW_OPEN=1"
            )
        return self

    @model_validator(mode="after")
    def _refuse_to_show_errors_to_others(self) -> Self:
        if self.show_errors and (self.api_keys or not is_loopback(self.host)):
            raise ValueError(
                "TAILRACE_SHOW_ERRORS=1 shows clients the text of errors: it is for development, on"
                " loopback and without TAILRACE_API_KEYS"
            )
        return self
