"""What tasks and triggers do that `dag.test()` has no process for, as functions run beside it.

`runner.py` runs each in a fork of its process, so that what it changes there ends with it.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from airflow.sdk.exceptions import TaskDeferred

from causeway.features.groups import create_request
from causeway.governance.use_case_record import OF_PEOPLE
from causeway.ingestion.bodies import Body
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import FeatureGroupArn
from causeway.topology.connections import connection_id
from causeway.topology.names import REGISTRY_QUEUE
from causeway.use_cases.files import use_case
from causeway.use_cases.use_case import USE_CASES_DIR
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.feature_records import FeatureRecordsHook
from causeway_airflow.hooks.feature_store import FeatureGroupsHook
from causeway_airflow.hooks.jobs import JobsHook
from causeway_airflow.hooks.queue import QueueHook
from causeway_airflow.operators.enrichment import EnrichRecordsOperator
from causeway_airflow.operators.pipelines import RunPipelineOperator
from causeway_airflow.operators.sharing import ConvergeShareOperator, LeaveShareOperator
from causeway_airflow.pages.acting import hook
from causeway_airflow.tasks import boards, use_case_records
from causeway_airflow.tasks.feature_groups import ensure
from tests import how_tos
from tests.accounts import REGION

NO_CONTEXT: Any = {}


def take_events() -> None:
    """Take the registry's events: the watcher's trigger runs in a triggerer."""
    queue = QueueHook(connection_id(AccountRole.GOVERNANCE, "event-reader"), REGION)
    messages = queue.receive(REGISTRY_QUEUE, wait_seconds=5)
    assert messages
    queue.delete(REGISTRY_QUEUE, messages)


def kill_tasks() -> None:
    """Stop jobs as a task does that people kill; these have ended by then."""
    for role, duty, kinds in (
        (AccountRole.DATA, "ingester", ("processing",)),
        (AccountRole.DATA_SCIENCE, "trainer", ("processing", "training")),
    ):
        hook = JobsHook(connection_id(role, duty), REGION)
        for kind in kinds:
            hook.stop(kind, "killed")


def stop_pipelines(dataset: str) -> None:
    """Kill a wait in the triggerer while the pipeline's role runs a job, one of each kind."""
    for seed, step in ((3, "Preprocess"), (4, "Train")):
        about: Any = {"use_case": "california_housing", "model": "california_housing"}
        operator = RunPipelineOperator(task_id="p", dataset=dataset, seed=seed, **about)
        try:
            operator.perform(NO_CONTEXT)
        except TaskDeferred as deferred:
            trigger: Any = deferred.trigger
        while trigger._cursor.get(step) != "Executing":
            assert trigger.look() == "waiting"
        asyncio.run(trigger.on_kill())
        while trigger.look() == "waiting":
            pass
        assert trigger._cursor[step] == "Stopped", trigger._cursor


def grow_contract() -> None:
    """Do what an ingestion does first when a contract has grown by a feature."""
    case, accounts = use_case("credit_risk"), topology()
    group = next(one for one in case.feature_groups if one.name == "credit-risk-outcome")
    key = accounts.key_alias_arn(AccountRole.DATA)
    request = create_request(group, case, accounts, kms_key_id=key)
    request["FeatureDefinitions"].append({"FeatureName": "note", "FeatureType": "String"})
    hook = FeatureGroupsHook(connection_id(AccountRole.DATA, "ingester"), REGION)
    ensured = ensure(hook, request)
    assert (ensured.created, ensured.changed) == (False, True)


def write_record_singly() -> None:
    """Do what an ingestion does in a region that has no BatchWriteRecord."""
    values = {"record_id": "single", "event_time": "2019-11-24T00:00:00Z", "credit_risk": "1"}
    record = [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]
    entry = {"FeatureGroupName": "credit-risk-outcome", "Record": record}
    hook = FeatureRecordsHook(connection_id(AccountRole.DATA, "ingester"), REGION)
    (outcome,) = hook.write([Body((1,), json.dumps({"Entries": [entry]}).encode())])
    assert outcome.written == 1, outcome


def leave_shares() -> None:
    """Have every consumer leave a share of each owner; the next sharing has them back."""
    for role, share, owner in (
        ("data_science", "causeway-features-credit-risk-read", AccountRole.DATA),
        ("data_science", "causeway-models-credit-risk-register", AccountRole.SHARED_SERVICES),
        ("test", "causeway-models-credit-risk-deploy", AccountRole.SHARED_SERVICES),
        ("prod", "causeway-models-credit-risk-deploy", AccountRole.SHARED_SERVICES),
    ):
        account = str(topology().account(owner))
        leave = LeaveShareOperator(task_id="leave", account_role=role, share=share, owner=account)
        assert leave.perform(NO_CONTEXT), share


def share_by_policy(folder: str) -> None:
    """Share a model group as a use case declares that shares by policy; the next run undoes it."""
    Path(folder).mkdir()
    by_policy = {"resource": "model_groups", "grant": "deploy", "to": ["prod"], "route": "policy"}
    for path in USE_CASES_DIR.glob("*.yaml"):
        text = f"{path.read_text()}\naccess: {json.dumps([by_policy])}\n"
        (Path(folder) / path.name).write_text(text)
    os.environ["CAUSEWAY_USE_CASES"] = folder
    about = {"account_role": "shared_services", "share": "policy of credit-risk"}
    did = ConvergeShareOperator(task_id="policy", **about).perform(NO_CONTEXT)
    actions = [word.split(":")[0] for word in did]
    assert actions[-3:] == ["write policy", "promote", "promote"], did


def enrich_records() -> None:
    """Do what a task does that looks up some records of another account."""
    group = str(FeatureGroupArn.of(topology(), AccountRole.DATA, "credit-risk-applicant"))
    enriched = EnrichRecordsOperator(
        task_id="e", feature_group=group, records=["sgc-000002", "none"], features=["age"]
    ).perform(NO_CONTEXT)
    assert (len(enriched["records"]), enriched["missing"]) == (1, ["none"]), enriched


def read_pages() -> None:
    """Read what the governance pages show, as the API server does."""
    shown = boards.overview(hook)
    line = next(line for line in shown.lines if line.model.name == "credit_risk")
    assert line.live is not None
    number = line.live.version_arn.version
    board = boards.model_board(hook, "credit_risk")
    assert board is not None and board.timeline[0].live == line.live
    view = boards.version_view(hook, "credit_risk", number)
    assert view is not None and view.row.is_live and view.decisions


def record_use_case() -> None:
    """Record a use case: whoever starts the DAG is signed in, and nobody is in `dag.test()`."""
    texts = dict.fromkeys(OF_PEOPLE, "as the credit department says")
    use_case_records.record_use_case(hook, {"id": "credit_risk", **texts}, "ml-engineer", "walk")


def run_examples(page: str) -> None:
    """Run the operators that a page of the documentation shows."""
    for operator in how_tos.operators(page):
        operator.perform(NO_CONTEXT)
