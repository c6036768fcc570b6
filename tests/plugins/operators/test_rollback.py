"""Production goes back to a version that was live, and to no other."""

from __future__ import annotations

from typing import Any

import pytest

from causeway.errors import LeaseHeld, UnexpectedState
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.versions.stages import Stage, Status
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import (
    ABOUT,
    clear,
    run_of,
    say_production,
    smoke,
    sync,
    to_production,
)
from tests.plugins.conftest import context, execute
from tests.plugins.promoting import promoted
from tests.plugins.table_records import stage_table, state_of

pytestmark = pytest.mark.usefixtures("own_endpoints")


def status(version: str) -> Status:
    record = state_of(version).records[Stage.PRODUCTION]
    return Status(record.status)


def served(platform: LocalPlatform) -> str:
    sagemaker = platform.client("sagemaker", "prod")
    return str(sagemaker.describe_endpoint(EndpointName="credit-risk")["EndpointConfigName"])


def roll_back(version: int | None = None) -> Any:
    from causeway_airflow.operators.rollback import RollBackOperator

    return RollBackOperator(task_id="roll_back", version=version, reason="it drifts", **ABOUT)


@pytest.fixture(scope="module")
def both(shared: LocalPlatform) -> tuple[str, str]:
    """Two versions, the second of which is live."""
    return promoted(shared, "before"), promoted(shared, "after")


def test_production_goes_back_to_what_was_live_before(
    shared: LocalPlatform, both: tuple[str, str], heard: Any
) -> None:
    from causeway_airflow.operators.rollback import AskProductionOperator

    before, after = both
    assert (status(before), status(after)) == (Status.SUPERSEDED, Status.DEPLOYED)
    heard()
    result = execute(roll_back(), context("back-1", user="officer"))
    assert result["version_arn"] == before
    assert served(shared) == result["endpoint_config"]
    assert (status(before), status(after)) == (Status.DEPLOYED, Status.SUPERSEDED)
    live = stage_table().live(AccountRole.PROD, "credit_risk")
    assert live.reason == "rolled back by officer: it drifts"
    assert [alert["subject"] for alert in heard()] == [before]
    rows = AskProductionOperator(task_id="ask", **ABOUT).perform(context("back-1"))
    assert len(rows) == 5
    # Cleared after its success it changes nothing, and another run goes forward again.
    assert execute(roll_back(), context("back-1", user="officer")) == result
    number = ModelPackageArn.parse(after).version
    assert execute(roll_back(number), context("back-2"))["version_arn"] == after
    assert (status(before), status(after)) == (Status.SUPERSEDED, Status.DEPLOYED)


def test_a_rollback_that_was_killed_once_it_was_recorded_does_the_rest_when_it_is_run_again(
    shared: LocalPlatform, both: tuple[str, str], heard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.audit_heads import AuditHeadsHook
    from causeway_airflow.tasks import rollback

    class Killed(BaseException):
        pass

    def killed(*given: Any) -> None:
        raise Killed

    before, after = both
    with monkeypatch.context() as patch:
        patch.setattr(rollback, "give_back", killed)
        with pytest.raises(Killed):
            execute(roll_back(), context("killed-1", user="officer"))
    assert status(before) is Status.DEPLOYED
    heads = AuditHeadsHook("causeway_governance_audit_keeper")
    heard()
    locked = heads.locked()
    execute(roll_back(), context("killed-1", user="officer"))
    (alert,) = heard()
    assert alert["subject"] == before and after in alert["alert"]
    assert len(heads.locked()) == len(locked) + 1
    number = ModelPackageArn.parse(after).version
    execute(roll_back(number), context("killed-2"))  # the lease is free


def test_a_version_that_somebody_stopped_is_not_gone_back_to(
    shared: LocalPlatform, both: tuple[str, str]
) -> None:
    before, after = both
    say_production(shared, before, "Rejected")
    sync()
    number = ModelPackageArn.parse(before).version
    with pytest.raises(UnexpectedState, match="somebody has stopped it"):
        roll_back(number).perform(context("back-3"))
    assert status(after) is Status.DEPLOYED


def test_a_version_that_was_never_live_is_not_gone_back_to(
    shared: LocalPlatform, both: tuple[str, str], approved: str
) -> None:
    number = ModelPackageArn.parse(approved).version
    with pytest.raises(UnexpectedState, match="was not live here"):
        roll_back(number).perform(context("back-4"))


def test_a_rollback_waits_for_a_deployment_in_progress(
    shared: LocalPlatform, both: tuple[str, str], approved: str
) -> None:
    from airflow.sdk.exceptions import TaskDeferred

    clear(shared, approved)
    with pytest.raises(TaskDeferred):
        to_production(approved).perform(run_of(approved))
    with pytest.raises((LeaseHeld, UnexpectedState)):
        roll_back().perform(context("back-5"))
    execute(to_production(approved), run_of(approved))
    smoke(approved).perform(run_of(approved))
