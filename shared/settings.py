"""Settings that both processes read, and how settings reach a process.

Every setting is an environment variable `TAILRACE_<NAME>`; a file `.env` in the working directory
provides what the environment does not set. In place of a value, `<NAME>_FILE` may name a file that
holds it, as container platforms hand over secrets. `.env.example` lists them all.
"""

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeVar
from urllib.parse import urlsplit

from dotenv import load_dotenv
from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tailrace.shared.errors import ConfigurationError

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
S = TypeVar("S", bound="SharedSettings")

_PREFIX: Final = "TAILRACE_"
_OF_THE_MODEL: Final = "OPENAI_API_KEY"
"""Read by the provider's own client, from the environment."""


class SharedSettings(BaseSettings):
    """What the API and the workers must agree on."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="ignore", frozen=True)

    redis_url: str = "redis://127.0.0.1:6379/0"
    """The queue store, and the log store too unless that has its own URL. Each may be a Cluster."""
    log_redis_url: str | None = None
    """The log store."""
    open_ttl_s: Seconds = 30 * 86400
    """A job is deleted when nothing was written to it for this long."""
    events_ttl_s: Seconds = 86400
    """How long the events of an ended job are kept."""
    retention_s: Seconds = 7 * 86400
    """How long the record of an ended job is kept."""
    thread_checkpoints: int = Field(default=1000, ge=1)
    """How many checkpoints of a thread are kept, in each of its graphs; up to a quarter more."""
    thread_checkpoints_s: Seconds = 30 * 86400
    """How long a thread's checkpoints are kept; the newest stays as long as the thread."""
    thread_ttl_s: Seconds = 30 * 86400
    """A thread is deleted when no job has used it for this long."""
    thread_line: Annotated[int, Field(ge=1, le=10_000)] = 100
    """How many jobs may wait for a thread's turn."""
    lease_s: Seconds = 5
    """A worker that has not renewed its lease for this long counts as dead."""
    show_errors: bool = False
    """Show clients the text and traceback of a graph's errors: only on a developer's machine."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @model_validator(mode="after")
    def _show_errors_to_the_developer_alone(self) -> Self:
        stores = (self.redis_url, self.log_store_url)
        if self.show_errors and not all(is_on_this_machine(url) for url in stores):
            raise ValueError(
                "TAILRACE_SHOW_ERRORS=1 shows clients the text of errors: it is for development,"
                " with a store on this machine"
            )
        return self

    @property
    def log_store_url(self) -> str:
        """URL of the Redis that holds records and logs."""
        return self.log_redis_url or self.redis_url


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address or name."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_on_this_machine(store_url: str) -> bool:
    """Whether the URL of a store leads to a socket or a loopback address."""
    parts = urlsplit(store_url)
    if parts.scheme == "unix":
        return True
    return parts.scheme in ("redis", "rediss") and is_loopback(parts.hostname or "localhost")


def load_settings(kind: type[S]) -> S:
    """Read the environment, `.env`, and the files that they name, into settings.

    Raises:
        ConfigurationError: a value is invalid, which names every such variable; or a file can't be
            read, is empty, or is given beside the value itself.
    """
    load_dotenv(".env", override=False)
    if key := _from_file(_OF_THE_MODEL):
        os.environ[_OF_THE_MODEL] = key
    names = {field: f"{_PREFIX}{field.upper()}" for field in kind.model_fields}
    from_files: dict[str, Any] = {
        field: value for field, name in names.items() if (value := _from_file(name))
    }
    try:
        # Not by way of the environment, where code of the graphs could read them.
        return kind(**from_files)
    except ValidationError as error:
        wrong = "; ".join(f"TAILRACE_{_name(e['loc'])}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(wrong) from error


def _from_file(name: str) -> str | None:
    """The value of a variable, if another one names a file that holds it."""
    if not (place := os.environ.get(f"{name}_FILE")):
        return None
    try:
        value = Path(place).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name}_FILE: {place} can't be read") from error
    if not value:
        raise ConfigurationError(f"{name}_FILE: {place} is empty")
    if os.environ.get(name) not in (None, "", value):
        raise ConfigurationError(f"{name} and {name}_FILE are both set; give one of them")
    return value


def _name(loc: tuple[int | str, ...]) -> str:
    return str(loc[0]).upper() if loc else "*"
