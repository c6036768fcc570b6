"""Who may do what in Airflow, by role and DAG: asked of Airflow's own API server."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.security.api_server import ApiServer, api_server

pytestmark = [pytest.mark.scheduler]

FEATURES, TRAINING = "credit_risk__features", "credit_risk__training"
PROMOTION = "credit_risk__promotion"
ERASURE, ACCOUNTS = "platform__erasure", "platform__accounts"
CONF: Final = {
    PROMOTION: {"version_arn": "arn:aws:sagemaker:eu-central-1:333333333333:model-package/m/1"},
    ERASURE: {"record": "1", "use_case": "credit_risk"},
}
VIEWER, USER, OTHER_USER = "auditor", "ml-engineer", "model-owner"
OP, OTHER_OP, ADMIN = "governance-officer", "risk-officer", "platform-admin"

#: What is answered to whoever asks: health and version, the log-in, and pages and documentation of
#: Airflow's own, which are the same for everybody and hold no data.
OPEN: Final = {
    ("GET", "/api/v2/monitor/health"),
    ("GET", "/api/v2/version"),
    ("GET", "/execution/health"),
    ("GET", "/execution/health/ping"),
    ("GET", "/execution/changelog"),
    ("GET", "/{rest_of_path:path}"),
    ("GET", "/auth/{rest_of_path:path}"),
    *(
        (method, prefix + path)
        for method in ("GET", "HEAD")
        for prefix in ("", "/auth", "/execution")
        for path in ("/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json")
    ),
}
#: To the log-in, and gone routes: a redirection to the log-in page, or a refusal that says where.
TO_THE_LOG_IN: Final = {
    ("GET", "/api/v2/auth/login"): 307,
    ("GET", "/api/v2/auth/logout"): 307,
    ("GET", "/auth/token"): 403,
    ("GET", "/auth/token/login"): 403,
    ("POST", "/auth/token"): 422,
    ("POST", "/auth/token/cli"): 422,
    ("GET", "/api/v1/{_:path}"): 404,
    ("GET", "/api/{_:path}"): 404,
    ("GET", "/health"): 404,
}


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with api_server(tmp_path_factory.mktemp("api")) as server:
        yield server


def test_without_a_log_in_nothing_is_answered_but_health_and_the_log_in(
    airflow: ApiServer,
) -> None:
    statuses = {
        (method, path): airflow.ask(
            None, method, _filled(path), None if method in ("GET", "HEAD") else {}
        )[0]
        for method, path in airflow.routes
    }
    assert ("GET", "/causeway/api/feature-groups") in statuses
    other = {route: status for route, status in statuses.items() if route not in OPEN}
    assert {route: status for route, status in other.items() if status != 401} == TO_THE_LOG_IN


def _filled(path: str) -> str:
    some_uuid = "00000000-0000-0000-0000-000000000000"
    return re.sub(r"\{[^}]*\}", lambda name: some_uuid if "instance_id" in name[0] else "1", path)


def test_a_task_cannot_make_itself_a_log_in(airflow: ApiServer) -> None:
    """Airflow signs tasks' tokens and log-ins by one secret, which a worker of its executor has."""
    forge = (
        "from causeway_airflow.roles.auth_manager import RolesAuthManager as Ours\n"
        f"print(Ours._get_token_signer().generate({{'sub': {OP!r}, 'role': 'admin'}}))"
    )
    command = [sys.executable, "-c", forge]
    forged = subprocess.run(
        command, env=airflow.of_a_worker, capture_output=True, text=True, check=True
    ).stdout.split()[-1]
    assert forged.count(".") == 2
    assert airflow.ask_with(forged, "/api/v2/dags") in (401, 403)
    assert airflow.ask(OP, "GET", "/api/v2/dags")[0] == 200


@pytest.mark.parametrize(
    ("dag_id", "people"),
    [
        (FEATURES, {USER, OTHER_USER, OP, OTHER_OP, ADMIN}),
        (TRAINING, {USER, OTHER_USER, OP, OTHER_OP, ADMIN}),
        ("platform__preflight", {USER, OTHER_USER, OP, OTHER_OP, ADMIN}),
        (ERASURE, {OP, OTHER_OP, ADMIN}),
        (ACCOUNTS, {OP, OTHER_OP, ADMIN}),
        ("platform__sharing", {OP, OTHER_OP, ADMIN}),
        (PROMOTION, {ADMIN}),
    ],
)
def test_a_dag_is_started_by_the_roles_that_the_table_names(
    airflow: ApiServer, dag_id: str, people: set[str]
) -> None:
    body = {"logical_date": None, "conf": CONF.get(dag_id, {})}
    statuses = {
        person: airflow.ask(person, "POST", f"/api/v2/dags/{dag_id}/dagRuns", body)[0]
        for person in airflow.users
    }
    assert {person for person, status in statuses.items() if status == 200} == people
    refused = airflow.users.keys() - people
    assert {statuses[person] for person in refused} <= {403}


@pytest.mark.parametrize("person", [VIEWER, USER, OP, ADMIN])
def test_everybody_who_is_signed_in_looks_at_every_dag(airflow: ApiServer, person: str) -> None:
    status, listed = airflow.ask(person, "GET", "/api/v2/dags?limit=100")
    assert status == 200
    assert {FEATURES, TRAINING, PROMOTION, ERASURE} <= {dag["dag_id"] for dag in listed["dags"]}


@pytest.fixture(scope="module")
def promotion(airflow: ApiServer) -> str:
    """The path of a promotion's run, with a value that a task handed over."""
    return _run_with_value(airflow, PROMOTION)


@pytest.fixture(scope="module")
def training(airflow: ApiServer) -> str:
    return _run_with_value(airflow, TRAINING)


def _run_with_value(airflow: ApiServer, dag_id: str) -> str:
    body = {"logical_date": None, "conf": CONF.get(dag_id, {}), "dag_run_id": "tried"}
    status, run = airflow.ask(ADMIN, "POST", f"/api/v2/dags/{dag_id}/dagRuns", body)
    assert status == 200, run
    path = f"/api/v2/dags/{dag_id}/dagRuns/tried"
    value = {"key": "return_value", "value": "as returned"}
    status, made = airflow.ask(
        ADMIN, "POST", f"{path}/taskInstances/{_task(dag_id)}/xcomEntries", value
    )
    assert status == 201, made
    return path


def _task(dag_id: str) -> str:
    return {PROMOTION: "approval_for_test", TRAINING: "gate"}[dag_id]


def _value(airflow: ApiServer, path: str, dag_id: str) -> Any:
    where = f"{path}/taskInstances/{_task(dag_id)}/xcomEntries/return_value"
    return airflow.ask(VIEWER, "GET", where)[1]["value"]


@pytest.mark.parametrize("dag_id", [PROMOTION, TRAINING])
@pytest.mark.parametrize("person", [VIEWER, USER, OP])
def test_nobody_but_an_administrator_edits_what_tasks_hand_over(
    airflow: ApiServer, promotion: str, training: str, person: str, dag_id: str
) -> None:
    path = promotion if dag_id == PROMOTION else training
    entries = f"{path}/taskInstances/{_task(dag_id)}/xcomEntries"
    tries = [
        ("PATCH", f"{entries}/return_value", {"value": "edited"}),
        ("POST", entries, {"key": "another", "value": "edited"}),
        ("DELETE", f"{entries}/return_value", None),
    ]
    assert {airflow.ask(person, *one)[0] for one in tries} == {403}
    assert _value(airflow, path, dag_id) == "as returned"


@pytest.mark.parametrize(
    ("dag_id", "people"),
    [(PROMOTION, {OP, OTHER_OP, ADMIN}), (TRAINING, {USER, OTHER_USER, OP, OTHER_OP, ADMIN})],
)
def test_a_run_is_run_again_or_forced_by_the_roles_that_the_table_names(
    airflow: ApiServer, promotion: str, training: str, dag_id: str, people: set[str]
) -> None:
    path, task = (promotion if dag_id == PROMOTION else training), _task(dag_id)
    clear = {"dry_run": True, "dag_run_id": "tried", "task_ids": [task]}
    note = {"note": "looked at"}
    bulk = {
        "actions": [
            {
                "action": "update",
                "entities": [
                    {"dag_id": dag_id, "dag_run_id": "tried", "task_id": task, "note": "seen"}
                ],
            }
        ]
    }
    tries = {
        "clear tasks": ("POST", f"/api/v2/dags/{dag_id}/clearTaskInstances", clear),
        "clear the run": ("POST", f"{path}/clear", {"dry_run": True}),
        "set a task": ("PATCH", f"{path}/taskInstances/{task}", note),
        "set a task, dry": (
            "PATCH",
            f"{path}/taskInstances/{task}/dry_run",
            {"new_state": "success"},
        ),
        "set several": ("PATCH", f"{path}/taskInstances", bulk),
        "set the run": ("PATCH", path, note),
    }
    for name, one in tries.items():
        statuses = {person: airflow.ask(person, *one)[0] for person in airflow.users}
        assert {p for p, status in statuses.items() if status == 200} == people, (name, statuses)
        assert {statuses[p] for p in airflow.users.keys() - people} == {403}, (name, statuses)


def test_a_request_about_several_dags_reaches_none_that_is_closed(
    airflow: ApiServer, promotion: str, training: str
) -> None:
    def update(dag_id: str) -> dict[str, Any]:
        where = {"dag_id": dag_id, "dag_run_id": "tried", "task_id": _task(dag_id)}
        return {"actions": [{"action": "update", "entities": [{**where, "note": "through"}]}]}

    several = "/api/v2/dags/~/dagRuns/~/taskInstances"
    assert airflow.ask(USER, "PATCH", several, update(PROMOTION))[0] == 403
    # Through the path of a DAG that is open to the role.
    status, reply = airflow.ask(USER, "PATCH", f"{training}/taskInstances", update(PROMOTION))
    assert status == 200
    assert [error["status_code"] for error in reply["update"]["errors"]] == [403]
    task = airflow.ask(VIEWER, "GET", f"{promotion}/taskInstances/{_task(PROMOTION)}")[1]
    assert task["note"] != "through"


def test_a_backfill_is_a_start(airflow: ApiServer) -> None:
    body = {
        "dag_id": ERASURE,
        "from_date": "2026-01-01T00:00:00Z",
        "to_date": "2026-01-02T00:00:00Z",
    }
    assert airflow.ask(USER, "POST", "/api/v2/backfills", body)[0] == 403
    assert airflow.ask(OP, "POST", "/api/v2/backfills", body)[0] != 403


@pytest.mark.parametrize(("person", "status"), [(VIEWER, 403), (USER, 404), (OP, 404)])
def test_a_viewer_answers_no_required_action(
    airflow: ApiServer, promotion: str, person: str, status: int
) -> None:
    where = f"{promotion}/taskInstances/{_task(PROMOTION)}/-1/hitlDetails"
    answer = {"chosen_options": ["Approve"], "params_input": {}}
    assert airflow.ask(person, "PATCH", where, answer)[0] == status  # 404: nothing is asked


@pytest.mark.parametrize("person", [VIEWER, USER, OP])
def test_nobody_but_an_administrator_writes_connections_and_variables_or_deletes_runs(
    airflow: ApiServer, promotion: str, person: str
) -> None:
    connection = {"connection_id": "causeway_governance_recorder", "conn_type": "aws"}
    bulk = {"actions": [{"action": "create", "entities": [connection]}]}
    tries = [
        ("POST", "/api/v2/connections", connection),
        ("PATCH", "/api/v2/connections", bulk),
        ("DELETE", "/api/v2/connections/causeway_governance_recorder", None),
        ("POST", "/api/v2/variables", {"key": "k", "value": "v"}),
        ("DELETE", promotion, None),
        ("DELETE", f"/api/v2/dags/{PROMOTION}", None),
    ]
    assert {airflow.ask(person, *one)[0] for one in tries} == {403}
    assert airflow.ask(ADMIN, "GET", "/api/v2/connections")[1]["connections"] == []


@pytest.mark.parametrize(("person", "allowed"), [(VIEWER, False), (USER, False), (OP, True)])
def test_pools_and_pauses_are_an_operators(airflow: ApiServer, person: str, allowed: bool) -> None:
    pool = {"name": f"of-{person}", "slots": 1}
    statuses = {
        airflow.ask(person, "POST", "/api/v2/pools", pool)[0],
        airflow.ask(person, "PATCH", f"/api/v2/dags/{TRAINING}", {"is_paused": False})[0],
    }
    assert (statuses != {403}) is allowed and (403 in statuses) is not allowed


def test_what_an_administrator_stores_is_encrypted_in_the_database(airflow: ApiServer) -> None:
    secret = "a-password-in-the-clear"
    connection = {"connection_id": "tried", "conn_type": "http", "password": secret}
    variable = {"key": "tried", "value": secret}
    assert airflow.ask(ADMIN, "POST", "/api/v2/connections", connection)[0] == 201
    assert airflow.ask(ADMIN, "POST", "/api/v2/variables", variable)[0] == 201
    with sqlite3.connect(airflow.home / "airflow.db") as database:
        stored = database.execute("select val, is_encrypted from variable").fetchall()
        stored += database.execute("select password, is_encrypted from connection").fetchall()
    assert [encrypted for _, encrypted in stored] == [1, 1]
    assert not any(secret in value for value, _ in stored)
    assert airflow.ask(OP, "GET", "/api/v2/connections/tried")[1]["password"] != secret
    for kind in ("connections", "variables"):
        assert airflow.ask(ADMIN, "DELETE", f"/api/v2/{kind}/tried")[0] == 204
