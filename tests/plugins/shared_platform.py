"""The local AWS that hooks and operators of a test process run on: one for all of its files.

Loaded by `tests/conftest.py`, so that the folders which use it share it: its address stands in the
environment of the process, where there is room for one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.local_platform import LocalPlatform, local_platform

if TYPE_CHECKING:
    from causeway_airflow.results import PlannedShare

#: The records that `filled` writes.
FILLED = [f"sgc-{n:06}" for n in range(1, 6)]
TOPIC = "arn:aws:sns:eu-central-1:444444444444:causeway-alerts"


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


@pytest.fixture(scope="session")
def filled(shared: LocalPlatform) -> LocalPlatform:
    """Every group of credit risk with five records and one that was deleted."""
    from causeway_airflow.configuration import case_of

    runtime = shared.client("sagemaker-featurestore-runtime", "data")
    for group in case_of("credit_risk").feature_groups:
        for identifier in [*FILLED, "sgc-000099"]:
            values = {
                group.record_identifier: identifier,
                group.event_time: "2024-01-01T00:00:00Z",
                **{feature.name: "1" for feature in group.features},
            }
            runtime.put_record(
                FeatureGroupName=group.name,
                Record=[{"FeatureName": k, "ValueAsString": v} for k, v in values.items()],
            )
        runtime.delete_record(
            FeatureGroupName=group.name,
            RecordIdentifierValueAsString="sgc-000099",
            EventTime="2024-01-02T00:00:00Z",
        )
    return shared


@pytest.fixture
def approved(shared: LocalPlatform, request: pytest.FixtureRequest) -> Iterator[str]:
    """A version of its own that was approved for test; nobody has a lease before and after it."""
    from tests.plugins.candidates import approve, register, sync
    from tests.plugins.conftest import context

    version = register(request.node.name).perform(context())["version_arn"]
    sync()
    approve(shared, version)
    give_leases_back()
    yield version
    give_leases_back()


@pytest.fixture(scope="module")
def own_endpoints(shared: LocalPlatform) -> Iterator[None]:
    """Nothing is served before and after the tests of a file, in test or in production."""
    forget_endpoints(shared)
    yield
    forget_endpoints(shared)


def forget_endpoints(platform: LocalPlatform) -> None:
    """Delete the model's endpoints and what the table says of them, as administrators."""
    give_leases_back()
    table = platform.client("dynamodb", "governance")
    for role in ("test", "prod"):
        sagemaker = platform.client("sagemaker", role)
        for endpoint in sagemaker.list_endpoints()["Endpoints"]:
            name = endpoint["EndpointName"]
            sagemaker.get_waiter("endpoint_in_service").wait(
                EndpointName=name, WaiterConfig={"Delay": 1}
            )
            sagemaker.delete_endpoint(EndpointName=name)
            sagemaker.get_waiter("endpoint_deleted").wait(
                EndpointName=name, WaiterConfig={"Delay": 1}
            )
        key = {"pk": {"S": f"ENDPOINT#{role}#credit_risk"}, "sk": {"S": "LIVE"}}
        table.delete_item(TableName="causeway-governance", Key=key)


@pytest.fixture(scope="module")
def own_lineage(platform: LocalPlatform) -> Iterator[None]:
    """Nothing of the lineage is on record before and after the tests of a file."""
    forget_lineage(platform)
    yield
    forget_lineage(platform)


def forget_lineage(platform: LocalPlatform) -> None:
    """Delete the records of the lineage, and their counts, as an administrator."""
    from causeway.lineage.records import COUNTS, KINDS

    table = platform.client("dynamodb", "governance")
    for pk in (COUNTS.pk, *(f"LINEAGE#{kind}" for kind in KINDS)):
        pages = table.get_paginator("query").paginate(
            TableName="causeway-governance",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
        )
        for item in [item for page in pages for item in page["Items"]]:
            key = {name: item[name] for name in ("pk", "sk")}
            table.delete_item(TableName="causeway-governance", Key=key)


def give_leases_back() -> None:
    """Give back the leases on the model's endpoints, whoever has them."""
    from causeway.deployment.leases import release_lease
    from causeway.topology.account_roles import AccountRole
    from causeway_airflow.hooks.stage_table import StageTableHook

    table = StageTableHook("causeway_governance_recorder")
    for role in (AccountRole.TEST, AccountRole.PROD):
        lease = table.lease(role, "credit_risk")
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
