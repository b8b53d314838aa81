"""Installs into the environment that runs this, by its uv or pip; only what is asked for."""

import importlib.metadata
import importlib.util
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from packaging.markers import Marker
from packaging.requirements import Requirement

from tailrace.deploy.local.errors import LocalError
from tailrace.shared.project.requirements import install_arguments
from tailrace.shared.project.values import Project

_NOTHING: Final = "nothing to install: the project's dependencies declare nothing\n"


def install(project: Project) -> None:
    """Install the project's dependencies, and nothing that Tailrace could not run with.

    Raises:
        LocalError: there is no installer, or it has failed; it has said why itself.
    """
    arguments = install_arguments(project)
    if not arguments:
        sys.stdout.write(f"tailrace: {_NOTHING}")
        return
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        constraints.write("\n".join(_our_own()))
        constraints.flush()
        command = (*installer(_chosen(project)), "--constraint", constraints.name, *arguments)
        # No timeout: it shows what it does, and Ctrl-C ends it.
        done = subprocess.run(  # noqa: S603 - asked for with --install
            command, check=False, cwd=project.folder, env=_environment(project)
        )
    if done.returncode:
        raise LocalError("the project's dependencies are not installed (the lines above say why)")


def installer(which: str = "auto") -> Sequence[str]:
    """The beginning of a command that installs: `uv`'s, `pip`'s, or `auto`: what there is.

    Raises:
        LocalError: it is not there.
    """
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv and which != "pip":
        return (uv, "pip", "install", "--python", sys.executable)
    if importlib.util.find_spec("pip") and which != "uv":
        return (sys.executable, "-m", "pip", "install", "--disable-pip-version-check")
    raise LocalError(
        f"to install, {which.replace('auto', 'pip or uv')} is needed beside {sys.executable}"
    )


def installer_environment() -> Mapping[str, str]:
    """Ours, with uv told to trust what the system trusts: a company's authority too.

    On its own uv trusts a list that it brings along; pip asks the system.
    """
    return {"UV_SYSTEM_CERTS": "1", **os.environ} if _system_has_certificates() else os.environ


def _system_has_certificates() -> bool:
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile or (paths.capath and any(Path(paths.capath).iterdir())))


def _chosen(project: Project) -> str:
    return "pip" if project.pip_config_file else project.pip_installer


def _environment(project: Project) -> Mapping[str, str]:
    ours = installer_environment()
    if not project.pip_config_file:
        return ours
    return {**ours, "PIP_CONFIG_FILE": str(project.folder / project.pip_config_file)}


def _our_own() -> Iterator[str]:
    """Tailrace's own requirements as constraints, which can't contain an extra."""
    for line in _requirements():
        wanted = Requirement(line)
        if wanted.specifier and (wanted.marker is None or _counts(wanted.marker)):
            yield f"{wanted.name}{wanted.specifier}"


def _counts(marker: Marker) -> bool:
    """Whether it holds for some extra: all that bring something are needed for a run."""
    extras = importlib.metadata.metadata("tailrace").get_all("Provides-Extra") or ()
    return any(marker.evaluate({"extra": extra}) for extra in extras)


def _requirements() -> Sequence[str]:
    try:
        return importlib.metadata.requires("tailrace") or ()
    except importlib.metadata.PackageNotFoundError:
        return ()  # run from its sources
