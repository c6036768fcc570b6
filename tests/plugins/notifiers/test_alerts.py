"""Alerts reach whoever subscribed, come from the alerter alone, and say what an error said."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import ClientError

from causeway.errors import SharingError
from causeway.reporting.alerts import Alert, Severity
from tests.local_platform import LocalPlatform
from tests.plugins.shared_platform import TOPIC

ALERT = Alert("drift", Severity.WARNING, "111111111111", "arn:aws:x", "Look.", "d r")


def context(task: Any, error: BaseException | None) -> dict[str, Any]:
    return {
        "task": task,
        "ti": SimpleNamespace(task_id=task.task_id),
        "dag_run": SimpleNamespace(dag_id="platform__sharing", run_id="manual__1"),
        "exception": error,
    }


def test_a_failed_task_is_told_with_account_role_and_next_step(
    heard: Callable[[], list[dict[str, Any]]],
) -> None:
    from causeway_airflow.notifiers.alerts import FailureNotifier
    from causeway_airflow.operators.sharing import ConvergeShareOperator

    task = ConvergeShareOperator(task_id="converge", account_role="data", share="x")
    wrapped = AirflowFailException("whatever Airflow says of it")
    wrapped.__cause__ = SharingError("two shares are called x", next_step="Delete one.")
    FailureNotifier("critical")(context(task, wrapped))
    (found,) = heard()
    assert found == {
        "alert": "converge failed: two shares are called x",
        "severity": "critical",
        "account": "111111111111",
        "subject": "arn:aws:iam::111111111111:role/causeway-data-sharer",
        "next_step": "Delete one.",
        "run": "platform__sharing manual__1",
    }


def test_a_failure_without_words_of_ours_names_its_kind_and_leads_to_the_log() -> None:
    from causeway_airflow.notifiers.alerts import failure

    task = SimpleNamespace(task_id="start_promotion")
    found = failure(context(task, ValueError("first\nsecond")), Severity.WARNING)
    assert found.what == "start_promotion failed: ValueError: first"
    assert found.account == "444444444444" and "log" in found.next_step


@pytest.mark.parametrize(
    "connection", ["governance_recorder", "governance_governance_stack_keeper"]
)
def test_nobody_but_the_alerter_publishes(platform: LocalPlatform, connection: str) -> None:
    from causeway_airflow.hooks.alerts import AlertsHook
    from causeway_airflow.hooks.base import AwsCallError

    with pytest.raises(AwsCallError) as raised:
        AlertsHook(f"causeway_{connection}").publish(ALERT)
    assert raised.value.denied


def test_the_topic_is_encrypted_and_other_accounts_cannot_subscribe(
    platform: LocalPlatform,
) -> None:
    held = platform.client("sns", "governance").get_topic_attributes(TopicArn=TOPIC)
    assert held["Attributes"]["KmsMasterKeyId"] == "alias/aws/sns"
    with pytest.raises(ClientError, match="not authorized"):
        platform.client("sns", "data").subscribe(
            TopicArn=TOPIC, Protocol="sqs", Endpoint="arn:aws:sqs:eu-central-1:111111111111:q"
        )


def test_platform_dags_tell_of_failures_and_others_do_not() -> None:
    from causeway_airflow.dag_defaults import dag_arguments
    from causeway_airflow.notifiers.alerts import FailureNotifier
    from causeway_airflow.operators.platform import EnsureModelGroupsOperator

    with DAG("a", schedule=None, **dag_arguments("platform", doc=None)):
        told = EnsureModelGroupsOperator(task_id="groups")
    with DAG("b", schedule=None, **dag_arguments("use-case", doc=None)):
        quiet = EnsureModelGroupsOperator(task_id="groups")
    assert [type(callback) for callback in told.on_failure_callback] == [FailureNotifier]
    assert not quiet.on_failure_callback
