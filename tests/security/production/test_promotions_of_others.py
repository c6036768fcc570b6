"""A run that is not the promotion of its model's version is refused before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from causeway.errors import ApprovalRefused, Superseded, UnexpectedState
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import ABOUT, register, run_of
from tests.plugins.conftest import context, execute
from tests.security.production.conftest import Seen

Look = Callable[[], Seen]

pytestmark = pytest.mark.usefixtures("own_endpoints")

OTHER_MODEL = {"use_case": "california_housing", "model": "california_housing"}
TASKS = (
    *("deploy to test", "deploy to production", "test", "remove", "smoke"),
    *("hand over for test", "hand over for production", "export", "close"),
)


def task(name: str, version: str, attempt: int = 1, about: dict[str, Any] = ABOUT) -> Any:
    """Return one of the tasks of a promotion DAG."""
    from causeway_airflow.operators.card_exports import ExportModelCardOperator
    from causeway_airflow.operators.endpoints import DeployEndpointOperator
    from causeway_airflow.operators.model_cards import HandOverCardOperator
    from causeway_airflow.operators.promotion import (
        ClosePromotionOperator,
        EndpointTestOperator,
        RemoveTestEndpointOperator,
        SmokeTestOperator,
    )

    told: dict[str, Any] = {"task_id": "try", "version_arn": version, "attempt": attempt, **about}
    match name:
        case "deploy to test":
            return DeployEndpointOperator(account_role="test", **told)
        case "deploy to production":
            return DeployEndpointOperator(account_role="prod", **told)
        case "test":
            return EndpointTestOperator(account_role="test", **told)
        case "remove":
            return RemoveTestEndpointOperator(**told)
        case "smoke":
            return SmokeTestOperator(account_role="prod", **told)
        case "hand over for test":
            return HandOverCardOperator(hand_over="test", **told)
        case "hand over for production":
            return HandOverCardOperator(hand_over="production", **told)
        case "export":
            return ExportModelCardOperator(**told)
        case _:
            return ClosePromotionOperator(**told)


def waiting(version: str, about: dict[str, Any] = ABOUT, attempt: int = 1) -> Any:
    """Return the wait for the approval into test."""
    from causeway_airflow.sensors.approval import ApprovalSensor

    return ApprovalSensor(
        task_id="wait",
        target="test",
        wait=timedelta(hours=1),
        version_arn=version,
        attempt=attempt,
        **about,
    )


def test_an_approved_version_of_another_model_enters_no_stage(approved: str, seen: Look) -> None:
    before = seen()
    for name in TASKS:
        with pytest.raises(UnexpectedState, match="is no version of model california_housing"):
            execute(task(name, approved, about=OTHER_MODEL), run_of(approved))
    assert seen() == before


def test_a_run_that_was_started_by_hand_enters_no_stage(approved: str, seen: Look) -> None:
    before = seen()
    for name in TASKS:
        with pytest.raises(UnexpectedState, match=r"in the table is of run credit-risk-v\d+-1"):
            execute(task(name, approved), context("manual__2026-03-01"))
    assert seen() == before


def test_another_attempt_enters_no_stage(approved: str, seen: Look) -> None:
    before = seen()
    for name in TASKS:
        with pytest.raises(UnexpectedState, match=r"in the table is of attempt 1, run "):
            execute(task(name, approved, attempt=2), run_of(approved, attempt=2))
    assert seen() == before


def test_a_version_without_a_promotion_enters_no_stage(shared: LocalPlatform, seen: Look) -> None:
    version = register("never promoted").perform(context())["version_arn"]
    before = seen()
    for name in TASKS:
        with pytest.raises(UnexpectedState, match="has no promotion record"):
            execute(task(name, version), run_of(version))
    assert seen() == before


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("333333333333", "222222222222"),  # a group of that name in an account of the trainer's
        ("credit-risk", "california-housing"),
        ("eu-central-1", "us-east-1"),
    ],
)
def test_a_group_of_another_account_model_or_region_is_refused(
    approved: str, seen: Look, part: str, other: str
) -> None:
    before = seen()
    version = approved.replace(part, other)
    with pytest.raises(UnexpectedState, match="is no version of model credit_risk, whose group is"):
        execute(task("deploy to test", version), run_of(version))
    assert seen() == before


@pytest.mark.parametrize(
    ("status", "error"), [("rejected", ApprovalRefused), ("superseded", Superseded)]
)
def test_a_promotion_that_ended_is_not_taken_up_by_its_run(
    shared: LocalPlatform, approved: str, seen: Look, status: str, error: type[Exception]
) -> None:
    shared.client("dynamodb", "governance").update_item(
        TableName="causeway-governance",
        Key={"pk": {"S": f"VERSION#{approved}"}, "sk": {"S": "PROMOTION"}},
        UpdateExpression="SET #status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": {"S": status}},
    )
    before = seen()
    for name in ("deploy to test", "deploy to production", "smoke", "hand over for production"):
        with pytest.raises(error):
            execute(task(name, approved), run_of(approved))
    assert seen() == before


@pytest.mark.parametrize("kind", ["another model", "by hand", "another attempt", "no promotion"])
def test_a_wait_for_what_is_not_its_promotion_ends_at_once_and_fails(
    shared: LocalPlatform, approved: str, kind: str
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    own = run_of(approved)["dag_run"].run_id
    if kind == "another model":
        sensor, run_id = waiting(approved, OTHER_MODEL), own
    elif kind == "by hand":
        sensor, run_id = waiting(approved), "manual__1"
    elif kind == "another attempt":
        sensor, run_id = waiting(approved, attempt=2), own
    else:
        version = register("never promoted, waited for").perform(context())["version_arn"]
        sensor, run_id = waiting(version), run_of(version)["dag_run"].run_id
    # The version is approved for test, and yet the wait does not end with that decision.
    for step in (sensor.execute, sensor.resume):
        with pytest.raises(
            AirflowFailException, match=r"no version of model|in the table|no promotion"
        ):
            step(context(run_id))
