"""The runs of the promotion DAGs: whose they are, and what their conf says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causeway.governance.table import PromotionStatus

if TYPE_CHECKING:
    from causeway.governance.table import Promotion
    from causeway_airflow.results import PromotionRun


def promotion_dag_id(model: str) -> str:
    """Return the id of a model's promotion DAG."""
    return f"{model}__promotion"


def run_of(promotion: Promotion) -> PromotionRun:
    """Return the run of a promotion, as `TriggerDagRunOperator` starts it, or clears it whole."""
    return {
        "trigger_dag_id": promotion_dag_id(promotion.model),
        "trigger_run_id": promotion.run_id,
        "conf": {"version_arn": str(promotion.version_arn), "attempt": promotion.attempt},
        "reset_dag_run": promotion.status is PromotionStatus.REOPENED,
    }
