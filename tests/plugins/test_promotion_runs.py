"""A promotion run is named by its version and attempt; runs in flight carry more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from causeway.governance.table import Promotion, PromotionStatus
from causeway.topology.arns import ModelPackageArn
from causeway_airflow.promotion_runs import run_of

ARN = "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk/7"


def test_a_run_is_given_the_version_and_the_attempt_alone() -> None:
    promotion = Promotion(
        version_arn=ModelPackageArn.parse(ARN),
        attempt=2,
        status=PromotionStatus.REQUESTED,
        model="credit_risk",
        use_case_id="credit_risk",
        updated_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    assert run_of(promotion) == {
        "trigger_dag_id": "credit_risk__promotion",
        "trigger_run_id": "credit-risk-v7-2",
        "conf": {"version_arn": ARN, "attempt": 2},
        "reset_dag_run": False,
    }
    reopened = replace(promotion, status=PromotionStatus.REOPENED)
    assert run_of(reopened) == run_of(promotion) | {"reset_dag_run": True}, "its run is cleared"


def test_a_run_that_an_older_release_started_is_accepted() -> None:
    from airflow.sdk.definitions.param import process_params

    from causeway_airflow.configuration import case_and_model
    from dags.promotion import build

    dag = build(*case_and_model("credit_risk", "credit_risk"))
    conf = {"version_arn": ARN, "version": 7, "group": "credit-risk", "attempt": 2}
    for task in dag.tasks:
        params = process_params(dag, task, conf, suppress_exception=False)
        assert {"version_arn": ARN, "attempt": 2}.items() <= params.items()
