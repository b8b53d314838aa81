"""The stack of docker-compose.yml is safe to copy: bounded, restrained, closed, without secrets."""

from typing import Any

import pytest
import yaml

from tests.support.processes import ROOT

STACK: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = STACK["services"]
SECRET = ("KEY", "SECRET", "PASSWORD", "OPEN")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_limits_and_no_rights_that_it_does_not_need(name: str) -> None:
    service = SERVICES[name]
    assert {"mem_limit", "pids_limit", "cpu_shares"} <= service.keys()
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & service.keys()


def test_the_store_comes_before_the_graphs_when_all_cores_are_busy() -> None:
    shares = {name: service["cpu_shares"] for name, service in SERVICES.items()}
    assert shares["redis"] > shares["api"] > shares["worker"] > shares["model"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_reachable_from_this_machine_alone(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", ()))


@pytest.mark.parametrize("name", SERVICES)
def test_a_secret_and_what_opens_the_service_come_from_outside(name: str) -> None:
    given: dict[str, Any] = SERVICES[name].get("environment", {})
    assert [key for key, value in given.items() if value and any(w in key for w in SECRET)] == []
    assert "docker.sock" not in str(SERVICES[name].get("volumes", ""))


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "redis"])
def test_a_slow_start_is_no_failed_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["start_period"] == "60s"
