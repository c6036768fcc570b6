"""Raw data to production under the real scheduler, also with workers killed in the middle."""

from __future__ import annotations

import base64
import json
import os
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import ClientError

from causeway.ingestion import samples
from causeway.topology.arns import ModelPackageArn
from causeway_airflow.pages.answers import REFUSED
from stack.processes import Component
from tests import how_tos
from tests.e2e.conftest import Stack
from tests.e2e.signed_in import SignedIn, required_action

pytestmark = [pytest.mark.scheduler, pytest.mark.timeout(900)]

FULL = os.environ.get("CAUSEWAY_DEPTH") == "full"
#: What the page tells to type; the fixture has typed the first before.
*STARTING, STOPPING = how_tos.commands("running.md")
DAGS = ("credit_risk__training", "credit_risk__promotion")


def test_demo_takes_a_model_from_raw_data_to_production(stack: Stack) -> None:
    for command in STARTING:
        done = stack.make(command)
        assert done.returncode == 0, done.stdout + done.stderr
    found = stack.demo
    assert found["data"].startswith("synthetic sample")
    assert [(s["stage"], s["status"], s["approver"]) for s in found["stages"]] == [
        ("development", "approved", None),
        ("test", "approved", "model-owner"),
        ("production", "deployed", "governance-officer"),
    ]
    development, tested = found["stages"][0]["metrics"], found["stages"][1]["metrics"]
    assert development["validation_auc"] >= 0.76
    assert tested["auc"] >= 0.76
    assert found["endpoint"] == {"account": "666666666666", "name": "credit-risk"}
    assert 0 < found["prediction"]["probability"] < 1
    assert found["model_version_arn"] in done.stdout.replace("\n", "")
    assert stack.versions() == [found["model_version_arn"]]
    endpoint = stack.client("prod", "sagemaker").describe_endpoint(EndpointName="credit-risk")
    assert endpoint["EndpointStatus"] == "InService"
    tested = stack.client("test", "sagemaker").list_endpoints(StatusEquals="InService")
    assert tested["Endpoints"] == [], "deleted after its test"


def test_the_tasks_of_a_training_link_to_their_mlflow_runs(stack: Stack) -> None:
    airflow = stack.airflow()
    (run,) = airflow.runs("credit_risk__training")
    tracked = airflow.xcom(run, "track")
    server = stack.local["mlflow"]["url"]
    page = f"{server}/#/experiments/{tracked['experiment']}/runs"
    for task in ("track", "gate"):
        assert airflow.links(run, task) == {"MLflow run": f"{page}/{tracked['mlflow_run']}"}
    trained = {airflow.links(run, "train", index)["MLflow run"] for index in range(2)}
    assert trained <= {f"{page}/{one}" for one in tracked["runs"].values()} and len(trained) == 2
    asked = f"{server}/api/2.0/mlflow/runs/get?run_id={tracked['mlflow_run']}"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(asked, timeout=30)
    words = f"auditor:{stack.local['airflow']['users']['auditor']['password']}".encode()
    basic = {"Authorization": "Basic " + base64.b64encode(words).decode()}
    request = urllib.request.Request(asked, headers=basic)
    with urllib.request.urlopen(request, timeout=30) as reply:
        found = json.load(reply)["run"]
    tags = {tag["key"]: tag["value"] for tag in found["data"]["tags"]}
    assert found["info"]["status"] == "FINISHED"
    assert tags["causeway.job"] == tracked["job"]


def test_nothing_of_a_stack_can_be_read_by_other_users_of_the_machine(stack: Stack) -> None:
    paths = [stack.state, *stack.state.rglob("*")]
    assert {"mlflow.db", "credentials", "api-server.log"} <= {p.name for p in paths}
    assert any(path.name.startswith("attempt=") for path in paths), "a task's log"
    assert [path for path in paths if path.stat().st_mode & 0o077] == []


def test_no_password_stands_in_logs_arguments_or_results_of_tasks(stack: Stack) -> None:
    users = stack.local["airflow"]["users"]
    passwords = [user["password"].encode() for user in users.values()]
    written = json.loads((stack.state / "mlflow" / "passwords.json").read_text())
    passwords.append(written["airflow"].encode())
    log_ins = {stack.state / "local.json", *stack.state.rglob("passwords.json")}
    for path in stack.state.rglob("*"):
        if path.is_file() and path not in log_ins:
            content = path.read_bytes()
            assert not [word for word in passwords if word in content], path
    for started in json.loads((stack.state / "processes.json").read_text()):
        arguments = " ".join(psutil.Process(started["pid"]).cmdline()).encode()
        assert not [word for word in passwords if word in arguments], started["name"]


def test_the_catalogue_answers_who_signed_in_and_nobody_else(stack: Stack) -> None:
    where = "/causeway/api/feature-groups?text=landline"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(stack.local["airflow"]["url"] + where, timeout=30)
    (found,) = stack.airflow().get(where)["feature_groups"]
    assert (found["name"], found["access"]) == ("credit-risk-applicant", "shared")
    assert [feature["name"] for feature in found["features"]] == ["telephone"]


def test_only_accounts_with_a_share_reach_the_version_by_its_arn(stack: Stack) -> None:
    version = stack.versions()[0]
    stack.client("prod", "sagemaker").describe_model_package(ModelPackageName=version)
    for account in ("data", "governance"):
        with pytest.raises(ClientError, match="AccessDenied"):
            stack.client(account, "sagemaker").describe_model_package(ModelPackageName=version)


def test_workers_killed_after_an_effect_leave_one_version_and_one_endpoint(stack: Stack) -> None:
    # The one UpdateEndpoint is production's: the test account's endpoint is made for each test.
    for operation in ("CreateModelPackage", "UpdateEndpoint"):
        rule = {"operation": f"sagemaker:{operation}", "kind": "die_after", "n": 1}
        stack.control("POST", rule)
    done = stack.run("demo", "--seed", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [rule["fired"] for rule in stack.control("GET")["faults"]] == [1, 1]
    stack.control("DELETE")
    airflow = stack.airflow()
    tasks = [task for dag_id in DAGS for task in airflow.tasks(airflow.runs(dag_id)[0])]
    again = {task["task_id"] for task in tasks if task["try_number"] > 1}
    assert again >= {"register", "deploy_to_production"}
    versions = stack.versions()
    assert len(versions) == 2
    assert stack.demo["model_version_arn"] == versions[1]
    prod = stack.client("prod", "sagemaker")
    assert [e["EndpointName"] for e in prod.list_endpoints()["Endpoints"]] == ["credit-risk"]
    config = prod.describe_endpoint(EndpointName="credit-risk")["EndpointConfigName"]
    variant = prod.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0]
    model = prod.describe_model(ModelName=variant["ModelName"])
    assert versions[1] in str(model)


def test_the_same_inputs_find_their_version_again(stack: Stack) -> None:
    """`make test` trains again, `make soak` (CAUSEWAY_DEPTH=full) plays the whole demo again."""
    before = stack.versions()
    if FULL:
        done = stack.run("demo", "--seed", "1")
        assert done.returncode == 0, done.stdout + done.stderr
        assert stack.demo["model_version_arn"] == before[1]
    else:
        run = stack.finish("credit_risk__training", {"seed": 1})
        assert run.state == "success", stack.airflow().failure(run)
        registered = stack.airflow().xcom(run, "register")
        assert registered["version_arn"] == before[1]
        assert registered["created"] is False
    assert stack.versions() == before


def test_people_decide_in_required_actions_and_on_the_page(stack: Stack) -> None:
    trained = stack.finish("credit_risk__training", {"seed": 2})
    assert trained.state == "success", stack.airflow().failure(trained)
    number, run = 3, "credit-risk-v3-1"
    owner, officer = SignedIn(stack, "model-owner"), SignedIn(stack, "governance-officer")
    trainer, auditor = SignedIn(stack, "ml-engineer"), SignedIn(stack, "auditor")

    request = owner.request(run, "test")
    assert request["subject"] == "credit-risk/3 asks to enter test"
    assert [user["id"] for user in request["assigned_users"]] == ["model-owner"]
    for evidence in ("validation_auc", "credit-risk/2, live", "| metric |", "Trained by"):
        assert evidence in request["body"]

    status, refused = trainer.answer(run, "test", "Approve", "mine is good")
    assert status == REFUSED
    assert "ml-engineer may not decide on test" in refused["detail"]
    assert "Ask one of: model-owner" in refused["detail"]
    assert auditor.answer(run, "test", "Approve", "why not")[0] == 403
    assert owner.answer(run, "test", "Approve", "")[0] == 400
    assert "Approve for test" in owner.page(number)
    assert "Approve for test" not in trainer.page(number)

    assert owner.answer(run, "test", "Approve", "better than what is live")[0] == 200
    request = officer.request(run, "production")
    assert "on the live test endpoint" in request["body"]
    status, refused = owner.say(number, "production", "approved", "and mine")
    assert status == 403
    assert "may not decide on production" in refused["detail"]
    status, said = officer.say(number, "production", "approved", "the test agrees")
    assert (status, said) == (
        200,
        {"person": "governance-officer", "verdict": "approved", "target": "production"},
    )
    airflow = stack.airflow()
    promoted = stack.ended(airflow.run("credit_risk__promotion", run))
    assert promoted.state == "success", airflow.failure(promoted)
    page = auditor.page(number)
    decided = page.split("<h2>Decisions</h2>")[1].split("</table>")[0]
    assert "better than what is live" in decided and "the test agrees" in decided
    # Decided on the page: the request is answered with it, so that nobody answers it later.
    assert officer.answer(run, "production", "Approve", "once more")[0] == 409
    closed = officer.ask("GET", required_action(run, "production"))[1]
    assert closed["chosen_options"] == ["Approve"]
    assert closed["params_input"]["reason"] == "governance-officer: the test agrees"


def test_a_decision_after_a_promotion_has_failed_has_its_run_go_on(stack: Stack) -> None:
    trained = stack.finish("credit_risk__training", {"seed": 3})
    assert trained.state == "success", stack.airflow().failure(trained)
    run, version = "credit-risk-v4-1", ModelPackageArn.parse(stack.versions()[-1])
    owner, officer = SignedIn(stack, "model-owner"), SignedIn(stack, "governance-officer")
    owner.request(run, "test")
    # What the end of a wait does, fourteen days later.
    forced = f"/api/v2/dags/credit_risk__promotion/dagRuns/{run}/taskInstances/approval_for_test"
    assert officer.ask("PATCH", forced, {"new_state": "failed"})[0] == 200
    assert stack.ended(stack.airflow().run("credit_risk__promotion", run)).state == "failed"
    assert stack.promotion(version) == "failed"
    assert owner.say(4, "test", "rejected", "too late")[0] == 200
    deadline = time.monotonic() + 180
    while stack.promotion(version) != "rejected":  # by its own run
        assert time.monotonic() < deadline, stack.promotion(version)
        time.sleep(1)


def test_a_bad_file_ends_the_demo_with_the_row_and_column_and_a_failing_exit(
    stack: Stack, tmp_path: Path
) -> None:
    sample = tmp_path / "sample.asc"
    lines = list(samples.lines("credit_risk", 1000, 0))
    fields = lines[5].split()
    fields[0] = "9"  # laufkont knows 1 to 4
    sample.write_text("\n".join([*lines[:5], " ".join(fields), *lines[6:]]) + "\n")
    done = stack.run("demo", "--data", str(sample))
    assert done.returncode == 1
    said = " ".join((done.stdout + done.stderr).split())
    assert "row 6" in said
    assert "laufkont" in said
    assert "validate failed" in said


def test_down_leaves_no_process_and_no_state(stack: Stack) -> None:
    components = [
        Component(**entry) for entry in json.loads((stack.state / "processes.json").read_text())
    ]
    done = stack.make(STOPPING)
    assert done.returncode == 0
    for component in components:
        assert not psutil.pid_exists(component.pid) or (
            psutil.Process(component.pid).status() == psutil.STATUS_ZOMBIE
        )
    assert not (stack.state / "local.json").exists()
    assert not (stack.state / "airflow").exists()
