"""What tasks and triggers do that `dag.test()` has no process for, as scripts run beside it."""

# The watcher's trigger runs in a triggerer, which `dag.test()` has none of.
TAKE_EVENTS = """
from causeway.topology.accounts import AccountRole
from causeway.topology.connections import connection_id
from causeway.topology.names import REGISTRY_QUEUE
from causeway_airflow.hooks.queue import QueueHook

hook = QueueHook(connection_id(AccountRole.GOVERNANCE, "event-reader"), "eu-central-1")
messages = hook.receive(REGISTRY_QUEUE, wait_seconds=5)
assert messages
hook.delete(REGISTRY_QUEUE, messages)
"""
# Tasks are killed by people, which `dag.test()` has none of; their jobs have ended by then.
KILL_TASKS = """
from causeway.topology.accounts import AccountRole
from causeway.topology.connections import connection_id
from causeway_airflow.hooks.jobs import JobsHook

for role, duty, kinds in (
    (AccountRole.DATA, "ingester", ("processing",)),
    (AccountRole.DATA_SCIENCE, "trainer", ("processing", "training")),
):
    hook = JobsHook(connection_id(role, duty), "eu-central-1")
    for kind in kinds:
        hook.stop(kind, "killed")
"""
# A wait is killed in the triggerer: while the pipeline's role runs a job of each kind.
STOP_PIPELINES = """
import asyncio
import sys

from airflow.sdk.exceptions import TaskDeferred

from causeway_airflow.operators.pipelines import RunPipelineOperator

for seed, step in ((3, "Preprocess"), (4, "Train")):
    about = {"use_case": "california_housing", "model": "california_housing"}
    operator = RunPipelineOperator(task_id="p", dataset=sys.argv[1], seed=seed, **about)
    try:
        operator.perform({})
    except TaskDeferred as deferred:
        trigger = deferred.trigger
    while trigger._cursor.get(step) != "Executing":
        assert trigger.look() == "waiting"
    asyncio.run(trigger.on_kill())
    while trigger.look() == "waiting":
        pass
    assert trigger._cursor[step] == "Stopped", trigger._cursor
"""
# What an ingestion does first when a contract has grown by a feature.
GROW = """
from causeway.topology.accounts import AccountRole
from causeway.topology.connections import connection_id
from causeway.use_cases.use_case import use_case
from causeway.features.groups import create_request
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.feature_store import FeatureGroupsHook
from causeway_airflow.tasks.feature_groups import ensure

case, places = use_case("credit_risk"), topology()
group = next(one for one in case.feature_groups if one.name == "credit-risk-outcome")
key = places.key_alias_arn(AccountRole.DATA)
request = create_request(group, case, places, kms_key_id=key)
request["FeatureDefinitions"].append({"FeatureName": "note", "FeatureType": "String"})
hook = FeatureGroupsHook(connection_id(AccountRole.DATA, "ingester"), "eu-central-1")
ensured = ensure(hook, request)
assert (ensured.created, ensured.changed) == (False, True)
"""
# What an ingestion does in a region that has no BatchWriteRecord.
PUT_SINGLY = """
import json

from causeway.topology.accounts import AccountRole
from causeway.topology.connections import connection_id
from causeway.ingestion.bodies import Body
from causeway_airflow.hooks.feature_records import FeatureRecordsHook

values = {"record_id": "single", "event_time": "2019-11-24T00:00:00Z", "credit_risk": "1"}
record = [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]
entry = {"FeatureGroupName": "credit-risk-outcome", "Record": record}
hook = FeatureRecordsHook(connection_id(AccountRole.DATA, "ingester"), "eu-central-1")
(outcome,) = hook.write([Body((1,), json.dumps({"Entries": [entry]}).encode())])
assert outcome.written == 1, outcome
"""
# Every consumer leaves a share of each owner; the next run of the sharing has them back.
LEAVE = """
from causeway.topology.accounts import AccountRole
from causeway_airflow.configuration import topology
from causeway_airflow.operators.sharing import LeaveShareOperator

for role, share, owner in (
    ("data_science", "causeway-features-credit-risk-read", AccountRole.DATA),
    ("data_science", "causeway-models-credit-risk-register", AccountRole.SHARED_SERVICES),
    ("test", "causeway-models-credit-risk-deploy", AccountRole.SHARED_SERVICES),
    ("prod", "causeway-models-credit-risk-deploy", AccountRole.SHARED_SERVICES),
):
    account = str(topology().account(owner))
    leave = LeaveShareOperator(task_id="leave", account_role=role, share=share, owner=account)
    assert leave.perform({}), share
"""
# What a run does for a use case that shares its group by policy; the next run takes it back.
BY_POLICY = """
import json
import os
import pathlib
import sys

from causeway.use_cases.use_case import USE_CASES_DIR

folder = pathlib.Path(sys.argv[1])
folder.mkdir()
by_policy = {"resource": "model_groups", "grant": "deploy", "to": ["prod"], "route": "policy"}
for path in USE_CASES_DIR.glob("*.yaml"):
    (folder / path.name).write_text(path.read_text() + f"\\naccess: {json.dumps([by_policy])}\\n")
os.environ["CAUSEWAY_USE_CASES"] = str(folder)

from causeway_airflow.operators.sharing import ConvergeShareOperator

about = {"account_role": "shared_services", "share": "policy of credit-risk"}
did = ConvergeShareOperator(task_id="policy", **about).perform({})
assert [word.split(":")[0] for word in did][-3:] == ["write policy", "promote", "promote"], did
"""
# What a task does that looks up some records of another account.
ENRICH = """
from causeway.topology.accounts import AccountRole
from causeway.topology.arns import FeatureGroupArn
from causeway_airflow.configuration import topology
from causeway_airflow.operators.enrichment import EnrichRecordsOperator

group = str(FeatureGroupArn.of(topology(), AccountRole.DATA, "credit-risk-applicant"))
found = EnrichRecordsOperator(
    task_id="e", feature_group=group, records=["sgc-000002", "none"], features=["age"]
).perform({})
assert (len(found["records"]), found["missing"]) == (1, ["none"]), found
"""
