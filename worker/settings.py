"""Settings of the worker process. `.env.example` lists them with their meaning."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from tailrace.shared.settings import Seconds, SharedSettings


class WorkerSettings(SharedSettings):
    """What a worker serves, how much at once, and what a job may cost."""

    graphs: Path = Path("langgraph.json")
    """The file that names the graphs, in LangGraph's own form."""
    slots: int = Field(default=10, ge=1, le=1000)
    """Jobs that run at the same time."""
    threads: int = Field(default=40, ge=1, le=1000)
    """Threads for nodes that are plain functions; a running one can't be stopped."""
    grace_s: float = Field(default=25, ge=0)
    """How long running jobs may continue after SIGTERM before they are handed back."""
    renewal_s: Seconds = 1
    """How often leases are renewed."""
    blocked_limit_s: Seconds = 60
    """A graph that blocks the event loop for this long is ended."""
    durability: Literal["async", "sync", "exit"] = "async"
    """When LangGraph stores a checkpoint: during the next step, before it, or only at the end."""
    backoff_s: Seconds = 1
    """The longest pause before the first retry; doubles with each retry."""
    backoff_max_s: Seconds = 60
    retry_after_max_s: Seconds = 3600
    """How long a provider may delay a retry at most, with `Retry-After`."""
    whole_answers: bool = True
    """Whether a chat model's output without a finish reason is a temporary error."""
    min_blob_bytes: int = Field(default=64 * 1024, ge=1024)
    """Texts and bytes from this size on are moved out of an event that is too large."""
    max_blob_bytes: int = Field(default=16 * 1024 * 1024, gt=0)
    max_blobs_bytes: int = Field(default=64 * 1024 * 1024, gt=0)
    """All that may be moved out of one job's events, each value counted once."""
    max_event_bytes: int = Field(default=256 * 1024, gt=0)
    max_events: int = Field(default=100_000, gt=0)
    max_log_bytes: int = Field(default=64 * 1024 * 1024, gt=0)
    max_result_bytes: int = Field(default=1024 * 1024, gt=0)
    alive_file: Path | None = None
    """Touched whenever the queue replies: its age tells whether the worker is alive."""
