"""MLflow behind its log-in: asked of the server that the stack starts."""

from __future__ import annotations

import base64
import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from causeway.topology.accounts import load_topology
from stack import layout, settings, up
from stack.processes import free_port
from tests import databases, leftovers

pytestmark = [pytest.mark.scheduler]

LOOKER = "auditor"


@dataclass
class Server:
    url: str
    process: psutil.Process
    passwords: dict[str, str]
    home: Path
    log: Path

    def ask(self, who: str | None, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        if who:
            words = f"{who}:{self.passwords[who]}".encode()
            headers["Authorization"] = "Basic " + base64.b64encode(words).decode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("mlflow")
    log, port = folder / "mlflow.log", free_port(15000)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STATE", "AIRFLOW_HOME", "MLFLOW_HOME"):
            patch.setattr(layout, name, folder / name.lower())
        settings.write_passwords(settings.log_ins(load_topology()), settings.new_keys())
        databases.mlflow_database(layout.MLFLOW_HOME / "mlflow.db")
        passwords, home = settings.mlflow_passwords(), layout.MLFLOW_HOME
        command, environment = up.mlflow_command(port, passwords), up.mlflow_environment()
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=layout.ROOT,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        leftovers.note_process("mlflow", process.pid)
        words = json.loads(passwords.read_text())
        server = Server(f"http://127.0.0.1:{port}", psutil.Process(process.pid), words, home, log)
        until = time.monotonic() + 180
        while not _answers(server):
            assert process.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.2)
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _answers(server: Server) -> bool:
    try:
        return server.ask(None, "GET", "/health")[0] == 200
    except OSError:
        return False


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/version",
        "/static-files/index.html",
        "/api/2.0/mlflow/experiments/search",
        "/ajax-api/2.0/mlflow/experiments/get?experiment_id=0",
        "/api/2.0/mlflow-artifacts/artifacts",
        "/ajax-api/3.0/mlflow/assistant/config",
        "/api/3.0/mlflow/server-info",
        "/gateway/mlflow/v1/models",
        "/graphql",
        "/health/",
        "//health",
        "/health%2f..%2fversion",
        "/x/../health",
    ],
)
def test_without_a_log_in_only_its_health_is_told(mlflow: Server, path: str) -> None:
    assert mlflow.ask(None, "GET", path)[0] == 401
    assert mlflow.ask(None, "POST", path, {})[0] == 401
    assert mlflow.ask(None, "GET", "/health") == (200, b"OK")


def test_people_look_at_pages_and_runs(mlflow: Server) -> None:
    status, page = mlflow.ask(LOOKER, "GET", "/")
    assert status == 200 and b"<!doctype html>" in page.lower()
    search = {"experiment_ids": ["0"]}
    assert mlflow.ask(LOOKER, "POST", "/ajax-api/2.0/mlflow/runs/search", search)[0] == 200
    query = {"query": '{mlflowGetExperiment(input: {experimentId: "0"}) {experiment {name}}}'}
    status, answer = mlflow.ask(LOOKER, "POST", "/graphql", query)
    assert json.loads(answer)["data"]["mlflowGetExperiment"]["experiment"]["name"] == "Default"


def test_only_airflow_changes_a_tracked_metric(mlflow: Server) -> None:
    def post(who: str, call: str, body: dict[str, Any]) -> tuple[int, Any]:
        status, reply = mlflow.ask(who, "POST", f"/api/2.0/mlflow/{call}", body)
        return status, json.loads(reply) if status == 200 else None

    status, made = post("airflow", "runs/create", {"experiment_id": "0"})
    assert status == 200
    run = made["run"]["info"]["run_id"]
    metric = {"run_id": run, "key": "validation_auc", "value": 0.7, "timestamp": 1}
    assert post("airflow", "runs/log-metric", metric)[0] == 200
    for person in mlflow.passwords.keys() - {"airflow"}:
        assert post(person, "runs/log-metric", metric | {"value": 0.99, "step": 2})[0] == 403
        assert post(person, "runs/delete", {"run_id": run})[0] == 403
    assert mlflow.ask(LOOKER, "DELETE", "/api/2.0/mlflow-artifacts/artifacts/0/x")[0] == 403
    assert mlflow.ask(LOOKER, "POST", "/ajax-api/3.0/mlflow/assistant/message", {})[0] == 403
    _, found = mlflow.ask(LOOKER, "GET", f"/api/2.0/mlflow/runs/get?run_id={run}")
    (kept,) = json.loads(found)["run"]["data"]["metrics"]
    assert kept["value"] == 0.7


def test_the_client_of_the_tasks_signs_in_by_its_environment(
    mlflow: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.tracking import TrackingHook

    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "airflow")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", mlflow.passwords["airflow"])
    client = TrackingHook(tracking_uri=mlflow.url).client
    experiment = client.create_experiment("of a task")
    artifact = client.create_run(experiment).info.run_id
    client.log_text(artifact, "kept", "note.txt")
    assert [entry.path for entry in client.list_artifacts(artifact)] == ["note.txt"]


def test_no_password_stands_in_arguments_variables_or_the_log(mlflow: Server) -> None:
    seen = [*mlflow.process.cmdline(), *mlflow.process.environ().values(), mlflow.log.read_text()]
    for name, password in mlflow.passwords.items():
        assert not any(password in text for text in seen), name
