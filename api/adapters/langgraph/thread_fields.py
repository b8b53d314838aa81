"""The bodies of requests about threads, field by field: honoured or refused by name."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from tailrace.api.adapters.langgraph.run_fields import RunCheckpoint
from tailrace.api.errors import FieldError, InvalidBody
from tailrace.api.schemas import pointer
from tailrace.shared.log_store.threads.thread_search import MOST_IDS, MOST_OFFSET
from tailrace.shared.threads import ThreadStatus

_STRICT: Final = ConfigDict(extra="forbid", strict=True, frozen=True)
_MINUTE_S: Final = 60.0

Metadata = dict[str, JsonValue]


def _lower(given: Any) -> Any:
    return given.lower() if isinstance(given, str) else given


_Uuid = Annotated[
    str,
    BeforeValidator(_lower),
    Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"),
]


class Ttl(BaseModel):
    """How long a thread is kept."""

    model_config = _STRICT

    ttl: float = Field(ge=1)
    """Minutes after its last use."""
    strategy: Literal["delete"] = "delete"


_Ttl = Annotated[
    Ttl | None,
    BeforeValidator(lambda given: {"ttl": given} if isinstance(given, (int, float)) else given),
]


class ThreadCreate(BaseModel):
    """Body of `POST /threads`."""

    model_config = _STRICT

    thread_id: _Uuid | None = None
    metadata: Metadata | None = None
    if_exists: Literal["raise", "do_nothing"] | None = None
    ttl: _Ttl = None
    supersteps: list[JsonValue] | None = None


class ThreadPatch(BaseModel):
    """Body of `PATCH /threads/{id}`."""

    model_config = _STRICT

    metadata: Metadata | None = None
    ttl: _Ttl = None


class ThreadPrune(BaseModel):
    """Body of `POST /threads/prune`."""

    model_config = _STRICT

    thread_ids: Annotated[list[_Uuid], Field(min_length=1, max_length=MOST_IDS)]
    strategy: Literal["delete", "keep_latest"] = "delete"


class ThreadFilters(BaseModel):
    """Body of `POST /threads/count`."""

    model_config = _STRICT

    metadata: Metadata | None = None
    values: Metadata | None = None
    status: ThreadStatus | None = None


class ThreadSearchBody(ThreadFilters):
    """Body of `POST /threads/search`."""

    ids: Annotated[list[_Uuid], Field(max_length=MOST_IDS)] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] | None = None
    offset: Annotated[int, Field(ge=0, le=MOST_OFFSET)] | None = None
    sort_by: str | None = None
    sort_order: Literal["asc", "desc"] | None = None
    select: list[str] | None = None
    extract: dict[str, str] | None = None


class StateUpdate(BaseModel):
    """Body of `POST /threads/{id}/state`."""

    model_config = _STRICT

    values: JsonValue = None
    as_node: str | None = None
    checkpoint: RunCheckpoint | None = None
    checkpoint_id: str | None = None


class StateAt(BaseModel):
    """Body of `POST /threads/{id}/state/checkpoint`."""

    model_config = _STRICT

    checkpoint: RunCheckpoint | None = None
    subgraphs: bool | None = None


class History(BaseModel):
    """Body of `POST /threads/{id}/history`."""

    model_config = _STRICT

    limit: Annotated[int, Field(ge=1, le=1000)] | None = None
    before: JsonValue = None
    metadata: Metadata | None = None
    checkpoint: RunCheckpoint | None = None

    @property
    def before_id(self) -> str | None:
        """The checkpoint before which the states are wanted, in each form that clients send."""
        return checkpoint_id_of(self.before)


def checkpoint_id_of(before: JsonValue) -> str | None:
    """The id of a checkpoint: by itself, in a checkpoint, or in a config.

    Raises:
        InvalidBody: none of these.
    """
    if before is None or isinstance(before, str):
        return before
    if isinstance(before, dict):
        place: Mapping[str, Any] = cast("Any", before.get("configurable", before))
        found = place.get("checkpoint_id")
        if found is None or isinstance(found, str):
            return found
    raise refused("before", "Send a checkpoint's id, or an object that has it.")


def refused(name: str, why: str) -> InvalidBody:
    """The refusal of one field."""
    return InvalidBody("The request can't be honoured.", (FieldError(pointer([name]), why),))


def ttl_s(ttl: Ttl | None) -> float | None:
    """How long a thread is kept, in seconds; None: as the service's settings say."""
    return None if ttl is None else ttl.ttl * _MINUTE_S
