"""How long jobs may live if a project limits the life of its threads: a thread is a job."""

from collections.abc import Mapping
from typing import Final

from tailrace.shared.errors import ConfigurationError
from tailrace.shared.project.values import Project
from tailrace.shared.settings import SharedSettings

_SETTINGS: Final = ("open_ttl_s", "events_ttl_s", "retention_s")


def refuse_longer_lives(project: Project, settings: SharedSettings) -> None:
    """Check the settings against the project's limit; API and workers have to agree on them.

    Raises:
        ConfigurationError: names the settings that let jobs live longer.
    """
    if longer := bounded_lives(project, settings):
        wanted = ", ".join(f"{name}={value}" for name, value in longer.items())
        raise ConfigurationError(
            f"{project.path}: checkpointer.ttl.default_ttl is shorter than the life of jobs; set"
            f" {wanted} for the API and the workers"
        )


def bounded_lives(project: Project, settings: SharedSettings) -> Mapping[str, str]:
    """The settings that have to be shorter, as environment variables with the longest value."""
    limit_s = project.thread_ttl_s
    if limit_s is None:
        return {}
    longer = (name for name in _SETTINGS if getattr(settings, name) > limit_s)
    return {f"TAILRACE_{name.upper()}": f"{limit_s:g}" for name in longer}
