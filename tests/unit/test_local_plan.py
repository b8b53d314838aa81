"""What a run on this machine tells its processes."""

from pathlib import Path
from typing import Any

import pytest

from tailrace.deploy.local.arguments import Arguments
from tailrace.deploy.local.child import Child
from tailrace.deploy.local.data_dir import DataDir
from tailrace.deploy.local.errors import LocalError
from tailrace.deploy.local.plan import Plan, make_plan
from tailrace.deploy.local.project import is_ours, open_project
from tailrace.shared.project.file import read_project
from tailrace.shared.project.values import Project
from tests.support.graphs import graphs_file
from tests.support.processes import ROOT

OURS = read_project(ROOT / "langgraph.json")
OWN = DataDir(Path("/nowhere/data"), -1)
OTHERS = (
    "TAILRACE_API_KEYS",
    "TAILRACE_ALLOW_OPEN",
    "TAILRACE_CORS_ORIGINS",
    "TAILRACE_SHOW_ERRORS",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "MODEL",
)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OTHERS:
        monkeypatch.delenv(name, raising=False)


def shows_errors(host: str = "127.0.0.1", folder: DataDir | None = OWN) -> set[str]:
    """What every process of ours but the store is told."""
    redis = None if folder else "redis://127.0.0.1:1"
    plan = make_plan(Arguments(host=host, port=0, redis=redis), folder, OURS, {})
    return {child.env["TAILRACE_SHOW_ERRORS"] for child in plan.tiers[-1]}


def test_a_run_that_only_its_developer_can_call_shows_errors() -> None:
    assert shows_errors() == {"1"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TAILRACE_API_KEYS", "ann:" + "0" * 64),
        ("TAILRACE_ALLOW_OPEN", "1"),
        ("TAILRACE_CORS_ORIGINS", "https://app.example.com"),
        ("TAILRACE_SHOW_ERRORS", "0"),
    ],
)
def test_a_run_that_others_may_call_shows_none(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    assert shows_errors() == {"0"}


def test_a_run_beyond_loopback_or_on_a_store_of_others_shows_none() -> None:
    assert shows_errors(host="0.0.0.0") == {"0"}
    assert shows_errors(folder=None) == {"0"}


def planned(project: Project, given: dict[str, str] | None = None, **asked: Any) -> Plan:
    return make_plan(Arguments(port=0, **asked), OWN, project, given or {})


def children(plan: Plan) -> dict[str, Child]:
    return {child.name: child for tier in plan.tiers for child in tier}


@pytest.fixture
def theirs(tmp_path: Path) -> Project:
    ours = str(ROOT / "worker/graphs/article.py:graph")
    return read_project(graphs_file(tmp_path, {"own": "./own.py:graph", "article": ours}))


def test_a_projects_own_graphs_get_no_model_of_ours_unasked(theirs: Project) -> None:
    assert set(children(planned(theirs))) == {"store", "api", "worker-1"}
    assert not {"OPENAI_BASE_URL", "MODEL"} & set(children(planned(theirs))["worker-1"].env)


def test_our_own_graphs_get_the_model_of_this_machine_where_no_other_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "model" in children(planned(OURS))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    assert "model" not in children(planned(OURS))


def test_a_model_of_ours_that_is_asked_for_is_what_a_project_gets(
    theirs: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    made = children(planned(theirs, {"OPENAI_API_KEY": "sk-mine"}, local_model=True))

    assert made["worker-1"].env["OPENAI_BASE_URL"].startswith("http://127.0.0.1:")
    assert made["worker-1"].env["OPENAI_API_KEY"] != "sk-mine"


def test_workers_read_a_projects_variables_themselves_and_the_api_is_given_them(
    theirs: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWN_SETTING", "from a file")
    made = children(planned(theirs, {"PATH": "/bin"}))

    assert "OWN_SETTING" not in made["worker-1"].env
    assert made["worker-1"].env["PATH"] == "/bin"
    assert made["api"].env["OWN_SETTING"] == "from a file"


def test_every_process_is_told_the_whole_path_of_the_projects_file(theirs: Project) -> None:
    made = children(planned(theirs))

    assert made["worker-1"].env["TAILRACE_GRAPHS"] == str(theirs.path)
    assert theirs.path.is_absolute()


def test_only_a_project_that_may_change_is_watched(theirs: Project) -> None:
    assert planned(theirs).watched is not None
    assert planned(theirs, reload=False).watched is None
    assert planned(OURS).watched is None


def test_jobs_of_a_run_live_no_longer_than_the_projects_threads(tmp_path: Path) -> None:
    ttl = {"strategy": "delete", "default_ttl": 60}
    bound = read_project(
        graphs_file(tmp_path, {"own": "./own.py:graph"}, checkpointer={"ttl": ttl})
    )
    made = children(planned(bound))

    for name in ("api", "worker-1"):
        assert made[name].env["TAILRACE_RETENTION_S"] == "3600"


@pytest.mark.parametrize(
    ("graphs", "ours"),
    [
        ({"a": "tailrace.worker.graphs.counter:graph"}, True),
        ({"a": str(ROOT / "worker/graphs/counter.py:graph")}, True),
        ({"a": "./own.py:graph"}, False),
        ({"a": "tailrace.worker.graphs.counter:graph", "b": "own:graph"}, False),
    ],
)
def test_a_project_is_ours_if_all_its_graphs_are(
    tmp_path: Path, graphs: dict[str, str], ours: bool
) -> None:
    assert is_ours(read_project(graphs_file(tmp_path, graphs))) == ours


def test_a_folder_without_a_file_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"there is no .*langgraph\.json: go to the folder"):
        open_project(tmp_path / "langgraph.json")


def test_a_file_that_asks_for_what_is_not_supported_ends_the_run_before_it_starts(
    tmp_path: Path,
) -> None:
    with pytest.raises(LocalError, match="'auth' is not supported"):
        open_project(graphs_file(tmp_path, {"a": "./own.py:graph"}, auth={"path": "./a.py:a"}))
