"""Operators that test a deployed version, and the one that says how its promotion ended."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from causeway.deployment.serving import require_agreement, require_answers
from causeway.errors import ApprovalRefused, DeploymentFailed, UnexpectedState
from causeway.gates.judges import evaluate
from causeway.gates.metrics import measured
from causeway.governance.approvals import Verdict
from causeway.governance.table import PromotionStatus
from causeway.topology.arns import ModelPackageArn
from causeway.versions.stages import Status
from causeway_airflow.assets import STAGE_RECORDS
from causeway_airflow.configuration import topology
from causeway_airflow.operators.promotion_base import PromotionOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

SMOKE_ROWS = 5


class EndpointTestOperator(PromotionOperator):
    """Ask the live endpoint about the held-out rows and record how it did.

    The endpoint has to answer as the evaluated artifact did, and to keep the model's gates.

    :returns: the metrics
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(duty="deployer", outlets=[STAGE_RECORDS], **kwargs)

    def perform(self, context: Context) -> dict[str, float]:
        """Predict, measure, compare, record."""
        from causeway_airflow.hooks.artifacts import ArtifactsHook
        from causeway_airflow.hooks.endpoints import EndpointRuntimeHook

        files, version = ArtifactsHook(self.connection(), self.region_name), self.version()
        rows, endpoint = self.held_out(files, version), self.spec.endpoint
        runtime = EndpointRuntimeHook(self.connection(), self.region_name)
        scores = runtime.predict(endpoint, rows.header, list(rows.rows))
        require_answers(scores, self.spec.problem_type, endpoint=endpoint)
        metrics = measured(self.spec.problem_type, rows.labels, scores)
        require_agreement(self.reported(files, version), metrics, endpoint=endpoint)
        evaluate(
            self.spec.metric_gates,
            metrics,
            model=self.model,
            artifact_sha256=version.artifact_sha256 or "",
            dataset_digest="live",
        ).require_pass()
        table = self.table()
        record = self.record(table)
        found = {**metrics, "endpoint": endpoint, "account": topology().account(self.role)}
        if dict(record.validation_metrics) != found:
            table.move(
                record,
                Status.PENDING,
                now=datetime.now(UTC),
                user=self.audit_user,
                metrics=found,
            )
        self.log.info("endpoint %s: %s", endpoint, metrics)
        return metrics


class SmokeTestOperator(PromotionOperator):
    """Ask the production endpoint about a few rows and record the version as deployed.

    :returns: `{"endpoint", "account", "predictions"}`
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(duty="deployer", **kwargs)

    def perform(self, context: Context) -> dict[str, Any]:
        """Predict, record."""
        from causeway_airflow.hooks.artifacts import ArtifactsHook
        from causeway_airflow.hooks.endpoints import EndpointRuntimeHook

        files, version = ArtifactsHook(self.connection(), self.region_name), self.version()
        rows, endpoint = self.held_out(files, version), self.spec.endpoint
        runtime = EndpointRuntimeHook(self.connection(), self.region_name)
        scores = runtime.predict(endpoint, rows.header, list(rows.rows[:SMOKE_ROWS]))
        require_answers(scores, self.spec.problem_type, endpoint=endpoint)
        table, now = self.table(), datetime.now(UTC)
        table.move(self.record(table), Status.DEPLOYED, now=now, user=self.audit_user)
        table.close(ModelPackageArn.parse(self.version_arn), PromotionStatus.DEPLOYED, now)
        return {
            "endpoint": endpoint,
            "account": topology().account(self.role),
            "predictions": scores,
        }


class ClosePromotionOperator(PromotionOperator):
    """Say how the promotion ended, whatever happened before; the last task of the run.

    Runs when everything else is done. A rejection or a failure is recorded and fails this task,
    and with it the run; a deployed or superseded promotion was recorded by who ended it.

    :returns: the promotion's status
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs |= {"trigger_rule": "all_done", "outlets": [STAGE_RECORDS]}
        super().__init__(account_role="governance", duty="recorder", **kwargs)

    def perform(self, context: Context) -> str:
        """Read the table; record a rejection or a failure and raise it."""
        table, arn = self.table(), ModelPackageArn.parse(self.version_arn)
        state = table.state(arn)
        promotion = state.promotion
        if promotion is None:
            raise UnexpectedState(
                f"{arn} has no promotion record",
                next_step="Promotions are started by platform__governance_sync, not by hand.",
            )
        if promotion.status in (PromotionStatus.DEPLOYED, PromotionStatus.SUPERSEDED):
            return promotion.status.value
        rejected = [
            decision
            for decision in state.decisions
            if decision.attempt == int(self.attempt) and decision.verdict is Verdict.REJECTED
        ]
        now = datetime.now(UTC)
        if rejected:
            table.close(arn, PromotionStatus.REJECTED, now)
            raise ApprovalRefused(
                f"{rejected[0].person} rejected {arn} for {rejected[0].target.value}: "
                f"{rejected[0].reason}",
                next_step="Mend the model; an approval after that starts a new attempt.",
            )
        table.close(arn, PromotionStatus.FAILED, now)
        raise DeploymentFailed(
            f"the promotion of {arn} did not end",
            next_step="Read the failed task's log, mend the cause and clear it: it goes on.",
        )
