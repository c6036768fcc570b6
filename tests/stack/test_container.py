"""The environment of Airflow in a container, on the local AWS and on real accounts."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from stack import container, layout, settings
from stack.processes import StackError
from tests.compose.file import ROOT, services

EXAMPLE = ROOT / "include" / "config" / "topology" / "example.yaml"


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """The variables of the scheduler's container, with AWS files in a folder of the test."""
    for name in [name for name in os.environ if name.startswith(container.PASSED_ON)]:
        monkeypatch.delenv(name)  # a container starts without what this process was given
    for name, value in services({}, {"local"})["airflow-scheduler"].environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CAUSEWAY_TOPOLOGY", str(layout.TOPOLOGY))
    monkeypatch.setattr(layout, "AWS_HOME", tmp_path)
    return monkeypatch


def test_a_secret_is_read_from_its_file_by_airflow_and_stands_in_no_variable(
    scheduler: pytest.MonkeyPatch,
) -> None:
    environment = container.airflow_environment()
    command = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD"
    assert environment[command] == "cat /run/secrets/database_url"
    assert "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" not in environment
    for name in environment:
        if name.endswith("_CMD"):
            assert name.removesuffix("_CMD") not in environment


def test_tasks_sign_in_to_mlflow_with_the_secret_and_people_by_the_table_of_roles(
    scheduler: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "mlflow_password").write_text("a-word")
    scheduler.setattr(container, "SECRETS", tmp_path)
    environment = container.airflow_environment()
    assert environment["MLFLOW_TRACKING_USERNAME"] == "airflow"
    assert environment["MLFLOW_TRACKING_PASSWORD"] == "a-word"
    assert environment["AIRFLOW__CORE__AUTH_MANAGER"] == settings.AUTH_MANAGER


def test_on_the_local_aws_clients_are_sent_to_it(scheduler: pytest.MonkeyPatch) -> None:
    environment = container.airflow_environment()
    assert environment["AWS_ENDPOINT_URL"] == "http://localaws:4566"
    assert environment["MLFLOW_TRACKING_URI"] == "http://mlflow:5000"


def test_on_real_accounts_nothing_directs_clients_elsewhere(
    scheduler: pytest.MonkeyPatch,
) -> None:
    scheduler.setenv("CAUSEWAY_TOPOLOGY", str(EXAMPLE))
    environment = container.airflow_environment()
    assert "AWS_ENDPOINT_URL" not in environment
    assert "AWS_EC2_METADATA_DISABLED" not in environment  # a machine's own role is found there
    assert environment["CAUSEWAY_TOPOLOGY"] == str(EXAMPLE)
    connections = [n for n in environment if n.startswith("AIRFLOW_CONN_CAUSEWAY_GOVERNANCE")]
    assert connections
    for name in connections:
        assert "profile_name" not in json.loads(environment[name])["extra"]


def test_on_real_accounts_aws_files_are_used_where_there_are_any(
    scheduler: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scheduler.setenv("CAUSEWAY_TOPOLOGY", str(EXAMPLE))
    (tmp_path / "config").write_text("[profile causeway-airflow]\n")
    environment = container.airflow_environment()
    assert environment["AWS_CONFIG_FILE"] == str(tmp_path / "config")
    names = [n for n in environment if n.startswith("AIRFLOW_CONN_CAUSEWAY_GOVERNANCE")]
    for name in names:
        assert json.loads(environment[name])["extra"]["profile_name"] == "causeway-airflow"


def test_a_service_that_nobody_knows_is_refused() -> None:
    with pytest.raises(StackError, match="no service 'worker'"):
        container.main("worker")
