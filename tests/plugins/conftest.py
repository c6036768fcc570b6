"""Hooks, operators and triggers of this process, on a local AWS whose stacks are deployed."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_platform import LocalPlatform, local_platform

if TYPE_CHECKING:
    from causeway_airflow.results import PlannedShare
    from tests.plugins.sharing_world import World

# Airflow reads its settings when it is imported, which the tests below this folder do first.
if "AIRFLOW_HOME" not in os.environ:
    os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="causeway-airflow-")
    atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")

TOPIC = "arn:aws:sns:eu-central-1:444444444444:causeway-alerts"
ROLES = ("data", "data_science", "shared_services", "governance", "test", "prod")


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlatform]:
    """A local AWS that is set up, reached by the connections of the environment."""
    with (
        local_platform(tmp_path_factory.mktemp("plugins")) as local_aws,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in local_aws.environment.items():
            if not name.startswith("AIRFLOW__") and name not in ("AIRFLOW_HOME", "PATH"):
                patch.setenv(name, value)
        from causeway_airflow.operators.platform import EnsureModelGroupsOperator

        EnsureModelGroupsOperator(task_id="groups").perform({})
        yield local_aws


def keep_clients(patch: pytest.MonkeyPatch) -> None:
    """Keep clients: assuming a role for each hook costs more than every call of a run."""
    from causeway_airflow.hooks.base import CausewayHook

    plain, clients = CausewayHook.client.func, {}  # type: ignore[attr-defined]

    def client(hook: CausewayHook) -> Any:
        key = (hook.service, hook.aws_conn_id, hook.region_name)
        return clients.get(key) or clients.setdefault(key, plain(hook))

    patch.setattr(CausewayHook, "client", property(client))


def converge_shares(*owners: str) -> list[list[PlannedShare]]:
    """Bring every share of these owners to what is declared; return the plans of before."""
    from causeway_airflow.operators.sharing import ConvergeShareOperator, PlanSharesOperator
    from causeway_airflow.tasks.sharing_runs import differing_shares

    plans = [
        PlanSharesOperator(task_id=f"plan_{owner}", account_role=owner).perform({})
        for owner in owners
    ]
    for share in differing_shares(plans):
        ConvergeShareOperator(task_id="converge", **share).perform({})
    return plans


@pytest.fixture(scope="session")
def shared(platform: LocalPlatform) -> LocalPlatform:
    """The platform with everything shared and accepted."""
    from causeway_airflow.operators.policies import ConvergePoliciesOperator
    from causeway_airflow.operators.sharing import (
        AcceptInvitationsOperator,
        DefineFeatureGroupsOperator,
    )
    from causeway_airflow.tasks.sharing_runs import receiving_roles

    DefineFeatureGroupsOperator(task_id="define").perform({})
    plans = converge_shares("data", "shared_services")
    ConvergePoliciesOperator(task_id="p", account_role="data", duty="data-sharer").perform({})
    for receiver in receiving_roles(plans):
        AcceptInvitationsOperator(task_id="accept", **receiver).perform({})
    return platform


@pytest.fixture(scope="module")
def of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A local AWS without stacks that the tests of a module share."""
    from tests.plugins.sharing_world import world

    with world(tmp_path_factory.mktemp("sharing")) as local_aws:
        yield local_aws


@pytest.fixture
def here(of_module: World) -> World:
    """The same, with nothing left of the test before."""
    of_module.forget()
    return of_module


@pytest.fixture
def approved(shared: LocalPlatform, request: pytest.FixtureRequest) -> Iterator[str]:
    """A version of its own that was approved for test; its lease is given back at the end."""
    from causeway.deployment.leases import release_lease
    from causeway.topology.accounts import AccountRole
    from causeway_airflow.hooks.stage_table import StageTableHook
    from tests.plugins.candidates import approve, register, sync

    version = register(request.node.name).perform(context())["version_arn"]
    sync()
    approve(shared, version)
    yield version
    table = StageTableHook("causeway_governance_recorder")
    lease = table.lease(AccountRole.TEST, "credit_risk")
    if lease is not None:
        table.apply(release_lease(lease))


@pytest.fixture
def heard(platform: LocalPlatform) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What a queue that subscribed to the topic hears."""
    sqs, sns = platform.client("sqs", "governance"), platform.client("sns", "governance")
    url = sqs.create_queue(QueueName="listener")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    let_in = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn["QueueArn"],
        "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [let_in]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    subscription = sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn["QueueArn"])

    def read() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(json.loads(message["Body"])["Message"]) for message in messages]

    yield read
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=url)


class Task:
    """What a task instance remembers, and the runs that it says there are."""

    def __init__(self, runs: int = 0) -> None:
        self.xcoms: dict[str, Any] = {}
        self.runs = runs

    def get_dr_count(self, dag_id: str, run_ids: list[str]) -> int:
        return self.runs

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = value


def context(run_id: str = "run-1", user: str | None = None, runs: int = 0) -> dict[str, Any]:
    """Return what an operator reads of Airflow's context."""
    return {
        "dag_run": SimpleNamespace(run_id=run_id, triggering_user_name=user, conf={}),
        "ti": Task(runs),
    }


def execute(operator: Any, given: dict[str, Any]) -> Any:
    """Run an operator to its end, its triggers inline, as a worker and a triggerer would."""
    from airflow.sdk.exceptions import TaskDeferred

    try:
        return operator.perform(given)
    except TaskDeferred as deferred:
        return woken(operator, given, deferred)


def woken(operator: Any, given: dict[str, Any], deferred: Any) -> Any:
    """Run the trigger that a task waits for inline, and go on with the task."""

    async def first() -> Any:
        async for event in deferred.trigger.run():
            return event
        return None

    asyncio.run(asyncio.wait_for(first(), 120))
    return operator.resumed(given, **(deferred.kwargs or {}))
