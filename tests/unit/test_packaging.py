"""What is packed, locked and committed: things that no import would show to be wrong."""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
ROOMS = ("api", "worker", "shared", "deploy")
LOCKS = [*sorted((ROOT / "requirements").glob("*.txt")), ROOT / "deploy/local/model.txt"]
MADE_FROM = {
    "api": ("api", "cli"),
    "service": ("api", "worker", "cli"),
    "local": ("local",),
    "dev": ("local", "auth"),
}
"""The extras that a lock has, by its name; of `dev` they are all."""
SERVICE_LOCKS = [ROOT / "requirements" / f"{name}.txt" for name in MADE_FROM]

# In parts, so that this file does not name them either.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("crates", "io"),
        ("rubygems", "org"),
        ("proxy", "golang", "org"),
    )
]
REGISTRY_OPTION = re.compile(r"^--?(index-url|extra-index-url|find-links|i|f)\b")


def test_no_committed_file_names_a_package_registry() -> None:
    offences = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in _committed_files()
        for host in REGISTRY_HOSTS
        if host.encode() in path.read_bytes()
    ]
    assert offences == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_requirement_has_an_exact_version_and_hashes(lock: Path) -> None:
    lines = _logical_lines(lock)
    assert lines
    assert [line for line in lines if "==" not in line or "--hash=sha256:" not in line] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_lock_chooses_a_registry(lock: Path) -> None:
    assert [line for line in _logical_lines(lock) if REGISTRY_OPTION.match(line)] == []


@pytest.mark.parametrize("lock", SERVICE_LOCKS, ids=lambda lock: lock.name)
def test_arq_and_redis_are_locked_to_versions_that_fit_each_other(lock: Path) -> None:
    versions = _locked(lock)
    assert versions["arq"].release[:2] == (0, 28)
    assert versions["redis"].major == 5


@pytest.mark.parametrize("lock", SERVICE_LOCKS, ids=lambda lock: lock.name)
def test_every_lock_is_as_new_as_the_declared_dependencies(lock: Path) -> None:
    versions = _locked(lock)
    stale = [
        str(needed)
        for needed in _declared(lock.stem)
        if versions[canonicalize_name(needed.name)] not in needed.specifier
    ]
    assert stale == []


def test_the_locks_agree_on_every_version_they_share() -> None:
    api, service, local, dev = (_locked(lock) for lock in SERVICE_LOCKS)
    assert api.items() <= service.items() <= local.items() <= dev.items()
    tools = _locked(ROOT / "requirements/tools.txt")
    assert {name: tools[name] for name in tools if name != "pip"}.items() <= dev.items()


def test_the_api_needs_nothing_of_what_runs_graphs() -> None:
    names = _locked(ROOT / "requirements/api.txt")
    assert [
        n for n in names if n.startswith(("langgraph", "langchain", "langsmith", "openai"))
    ] == []


def test_no_dependency_installs_a_package_named_like_ours() -> None:
    taken = {
        f"{distribution.name} installs {file}"
        for distribution in metadata.distributions()
        if distribution.name != "tailrace"
        for file in distribution.files or ()
        if file.parts[0].removesuffix(".py") == "tailrace"
    }
    assert taken == set()


def test_a_wheel_built_from_the_sdist_has_every_file_of_ours_under_one_name(tmp_path: Path) -> None:
    packed = _wheel_contents(tmp_path)
    rooms = [path for path in _committed_files() if path.relative_to(ROOT).parts[0] in ROOMS]
    ours = {f"tailrace/{path.relative_to(ROOT).as_posix()}" for path in rooms}
    assert len(ours) > 200
    assert ours - packed == set()
    assert {name.split("/")[0] for name in packed if ".dist-info" not in name} == {"tailrace"}


def _committed_files() -> list[Path]:
    """Everything that is in git or about to be."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("only a git checkout knows what is committed")
    command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def _logical_lines(lock: Path) -> list[str]:
    """The requirements of a lock file, one a line, without comments."""
    text = re.sub(r"^\s*#.*\n", "", lock.read_text(), flags=re.MULTILINE)
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def _locked(lock: Path) -> dict[str, Version]:
    """Version by normalized name. A name that is locked twice has the last of its versions."""
    pins = (Requirement(line.split(" --hash", 1)[0].strip()) for line in _logical_lines(lock))
    return {
        canonicalize_name(pin.name): Version(str(pin.specifier).removeprefix("==")) for pin in pins
    }


def _declared(lock_name: str) -> list[Requirement]:
    """The dependencies in pyproject.toml that a lock is made from."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras: dict[str, list[str]] = pyproject["project"]["optional-dependencies"]
    declared: list[str] = list(pyproject["project"]["dependencies"])
    for extra in MADE_FROM[lock_name]:
        declared += extras[extra]
    if lock_name == "dev":
        groups = pyproject["dependency-groups"]
        declared += [line for line in groups["dev"] if isinstance(line, str)] + groups["build"]
    found = [Requirement(line) for line in declared]
    inner = [extra for needed in found if needed.name == "tailrace" for extra in needed.extras]
    found += [Requirement(line) for extra in {*inner, "shared"} for line in extras[extra]]
    return [needed for needed in found if needed.name != "tailrace"]


def _build(source: Path, target: str, folder: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    subprocess.run(command, cwd=source, capture_output=True, check=True)


def _wheel_contents(folder: Path) -> set[str]:
    _build(ROOT, "sdist", folder)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    _build(folder / sdist.name.removesuffix(".tar.gz"), "wheel", folder)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())
