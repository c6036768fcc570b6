"""A stop stays a stop: tries to lose one between two looks, two roles, two attempts, two runs."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from airflow.sdk.exceptions import TaskDeferred
from botocore.exceptions import ClientError

from causeway.errors import ApprovalRefused, WriteConflict
from causeway.governance.clearance import StoppedInTheRegistry
from causeway.governance.decisions import decision_item
from causeway.topology.account_roles import AccountRole
from causeway.versions.stages import Stage, Status
from tests.local_platform import LocalPlatform
from tests.localaws.waiting import eventually
from tests.plugins.candidates import (
    ABOUT,
    approve,
    clear,
    deploy,
    register,
    run_of,
    say_production,
    smoke,
    sync,
    to_production,
)
from tests.plugins.conftest import context, execute
from tests.plugins.table_records import stage_table, state_of
from tests.security.production.test_decisions import TABLE, duty, encoded
from tests.security.production.test_stops import say

pytestmark = pytest.mark.usefixtures("own_endpoints")

#: Of both versions; the first is live before the second.
ENDPOINT = "credit-risk"


@pytest.fixture
def cleared(shared: LocalPlatform, approved: str) -> str:
    """A version that was tested, and that both people have approved."""
    return clear(shared, approved)


def served(platform: LocalPlatform) -> str | None:
    """The config that production serves, once it has settled; None without an endpoint."""
    sagemaker = platform.client("sagemaker", "prod")

    def settled() -> tuple[str | None] | None:
        try:
            seen = sagemaker.describe_endpoint(EndpointName=ENDPOINT)
        except ClientError:
            return (None,)
        return (seen["EndpointConfigName"],) if seen["EndpointStatus"] == "InService" else None

    config: str | None = eventually(settled, 60)[0]
    return config


def live_config() -> str | None:
    live = stage_table().live(AccountRole.PROD, "credit_risk")
    return live.endpoint_config if live else None


def test_somebody_with_an_owners_source_identity_takes_no_stop_back(
    shared: LocalPlatform, cleared: str
) -> None:
    """A source identity proves a person in the approver role only, also for changing one's mind."""
    say(shared, cleared, "Rejected")
    time.sleep(1.1)  # CloudTrail's times are whole seconds
    shared.stranger("model-owner").update_model_package(
        ModelPackageArn=cleared, ModelApprovalStatus="Approved"
    )
    sync()
    assert [stop.person for stop in state_of(cleared).revocations] == ["model-owner"]


def test_an_officers_stop_that_no_sync_has_seen_yet_holds_the_deployment(
    shared: LocalPlatform, cleared: str
) -> None:
    before = live_config()
    say_production(shared, cleared, "Rejected")
    with pytest.raises(StoppedInTheRegistry, match="Production Rejected"):
        execute(to_production(cleared), run_of(cleared))
    assert live_config() == before


def test_an_officers_stop_while_the_endpoint_is_made_takes_it_back_without_a_sync(
    shared: LocalPlatform, cleared: str
) -> None:
    before = live_config()
    with pytest.raises(TaskDeferred) as deferred:
        to_production(cleared).perform(run_of(cleared))
    served(shared)
    say_production(shared, cleared, "Rejected")
    with pytest.raises(StoppedInTheRegistry):
        to_production(cleared).resumed(run_of(cleared), **deferred.value.kwargs)
    assert (live_config(), served(shared)) == (before, before)


def test_a_stop_takes_back_what_a_try_that_died_has_begun(
    shared: LocalPlatform, cleared: str
) -> None:
    """A worker is killed, or an operator clears the task, while the endpoint is made."""
    before = live_config()
    with pytest.raises(TaskDeferred):
        to_production(cleared).perform(run_of(cleared))
    served(shared)
    say_production(shared, cleared, "Rejected")
    sync()
    with pytest.raises(ApprovalRefused, match="was revoked by governance-officer"):
        to_production(cleared).perform(run_of(cleared))
    assert (live_config(), served(shared)) == (before, before)


def test_the_events_of_a_stopped_attempt_let_nothing_in_later(
    shared: LocalPlatform, cleared: str
) -> None:
    """The duty that writes decisions copies those of attempt 1, with their genuine calls."""
    from causeway_airflow.operators.promotion import ClosePromotionOperator

    decisions, now = state_of(cleared).decisions, datetime.now(UTC)
    time.sleep(1.1)
    say_production(shared, cleared, "Rejected")
    sync()
    with pytest.raises(ApprovalRefused):
        ClosePromotionOperator(task_id="close", version_arn=cleared, attempt=1, **ABOUT).perform(
            run_of(cleared)
        )
    for decision in decisions:
        copy = replace(
            decision,
            attempt=2,
            decided_at=now + timedelta(hours=1),
            valid_until=now + timedelta(days=9),
        )
        duty("decider").put_item(TableName=TABLE, Item=encoded(decision_item(copy)))
    assert 2 in [run["conf"]["attempt"] for run in sync()]
    task = deploy(cleared)
    task.attempt = 2
    with pytest.raises(ApprovalRefused, match="by governance-officer after model-owner approved"):
        task.perform(run_of(cleared, attempt=2))


def test_a_stop_in_the_middle_of_a_rollback_takes_the_endpoint_forward_again(
    shared: LocalPlatform,
) -> None:
    from causeway_airflow.operators.rollback import RollBackOperator

    versions = []
    for note in ("gone back to", "gone back from"):
        version = register(note).perform(context())["version_arn"]
        sync()
        approve(shared, version)
        clear(shared, version)
        execute(to_production(version), run_of(version))
        smoke(version).perform(run_of(version))
        sync()
        versions.append(version)
    before, after = live_config(), versions[1]
    back, run = RollBackOperator(task_id="back", version=None, reason="odd", **ABOUT), context("b")
    with pytest.raises(TaskDeferred) as deferred:
        back.perform(run)
    served(shared)
    say_production(shared, versions[0], "Rejected")
    sync()
    with pytest.raises(WriteConflict, match="somebody stopped it"):
        back.resumed(run, **deferred.value.kwargs)
    assert (live_config(), served(shared)) == (before, before)
    assert state_of(after).records[Stage.PRODUCTION].status is Status.DEPLOYED
