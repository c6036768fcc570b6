"""docker-compose.yaml is valid by the Compose specification, and open to this machine alone.

`tests/e2e/test_compose.py` starts its services. The schema in tests/data is the Compose
specification's (github.com/compose-spec/compose-spec, commit 170098b, Apache-2.0).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.compose.file import COMPOSE, ROOT, Service, secret_files, services
from tests.compose.image import images

SCHEMA = json.loads((ROOT / "tests/data/compose-spec.schema.json").read_text())
LOCAL = services({}, {"local"})
REAL = services({"CAUSEWAY_TOPOLOGY": "./include/config/topology/example.yaml"}, set())


def everything() -> list[Any]:
    return [pytest.param(service, id=name) for name, service in LOCAL.items()]


def ours() -> list[Any]:
    return [pytest.param(service, id=name) for name, service in LOCAL.items() if service.stage]


def test_the_file_is_valid_by_the_specification() -> None:
    document = yaml.safe_load(COMPOSE.read_text())
    problems = jsonschema.Draft7Validator(SCHEMA).iter_errors(document)
    assert [problem.message for problem in problems] == []


def test_without_the_profile_no_local_aws_starts() -> None:
    assert set(LOCAL) - set(REAL) == {"localaws", "accounts"}
    for service in REAL.values():
        assert not any(mount.source == "localaws" for mount in service.mounts)


@pytest.mark.parametrize("service", everything())
def test_a_service_is_reached_from_this_machine_only(service: Service) -> None:
    assert "network_mode" not in service.document
    for address, _, _ in service.ports:
        assert address == "127.0.0.1"


@pytest.mark.parametrize("service", ours())
def test_our_services_run_without_root_and_without_capabilities(service: Service) -> None:
    assert service.stage is not None
    assert images()[service.stage].user == "50000"
    assert service.document["cap_drop"] == ["ALL"]
    assert service.document["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service.document
    assert "user" not in service.document


@pytest.mark.parametrize("service", everything())
def test_what_goes_on_running_has_a_health_check(service: Service) -> None:
    if service.document.get("restart") != "no":
        assert service.healthcheck


@pytest.mark.parametrize("service", everything())
def test_a_service_names_no_secret_but_those_that_it_has(service: Service) -> None:
    assert set(service.secrets) <= secret_files().keys()
    for name, value in service.environment.items():
        if "/run/secrets/" in value:
            assert value.rpartition("/")[2] in service.secrets, name
        assert "SECRET" not in name or name.endswith(("_CMD", "_FILE")), name
        assert "PASSWORD" not in name or name.endswith(("_CMD", "_FILE")), name


def test_the_administrators_keys_are_with_the_local_aws_and_the_set_up_alone() -> None:
    holders = {n for n, s in LOCAL.items() if any(m.source == "localaws" for m in s.mounts)}
    assert holders == {"localaws", "accounts"}


def test_a_log_in_is_with_the_service_that_asks_for_it_alone() -> None:
    holders = {
        secret: {name for name, service in LOCAL.items() if secret in service.secrets}
        for secret in ("airflow_passwords", "mlflow_passwords")
    }
    assert holders == {"airflow_passwords": {"airflow-api-server"}, "mlflow_passwords": {"mlflow"}}
    for service in LOCAL.values():
        if "fernet_key" not in service.secrets:
            assert "database_url" not in service.secrets


def test_an_image_has_what_its_service_runs_and_nothing_else() -> None:
    airflow, localaws = images()["airflow"], images()["localaws"]
    sources = {source for source, _ in airflow.copies}
    assert not sources & {"include/localaws", "include", ".", "tests"}
    assert airflow.environments == (".venv",)
    assert localaws.environments == (".venv", ".venv-jobs")
    for source, _ in (*airflow.copies, *localaws.copies):
        assert (ROOT / source).exists(), source
        assert source not in ignored(), source


def test_neither_state_nor_secrets_get_into_an_image() -> None:
    for name in (".causeway", ".git", ".venv", "secrets"):
        assert name in ignored()


def test_moto_is_required_by_the_local_aws_alone() -> None:
    packages = {
        name: {line.partition("==")[0] for line in (ROOT / name).read_text().splitlines()}
        for name in ("requirements.txt", "requirements-localaws.txt")
    }
    assert "moto" in packages["requirements-localaws.txt"]
    assert not packages["requirements.txt"] & {"moto", "duckdb", "cheroot", "xgboost"}
    assert "apache-airflow" not in packages["requirements-localaws.txt"]


def ignored() -> list[str]:
    return Path(ROOT / ".dockerignore").read_text().splitlines()
