"""What the tasks of a promotion share: the version they are about, and where it is recorded."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from causeway.deployment.serving import (
    HeldOut,
    read_held_out,
    require_agreement,
    require_answers,
)
from causeway.digests import Digest
from causeway.errors import ApprovalRefused, DeploymentFailed, UnexpectedState
from causeway.gates.judges import evaluate
from causeway.gates.metrics import measured
from causeway.governance.approvals import Verdict
from causeway.governance.table import PromotionStatus
from causeway.topology.accounts import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.registry import RegistryVersion, gate_report_key, held_out_key, version_of
from causeway.versions.stages import Stage, StageRecord, Status
from causeway_airflow.assets import STAGE_RECORDS
from causeway_airflow.configuration import case_and_model, topology
from causeway_airflow.operators.base import ATTEMPT, VERSION_ARN, CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.hooks.artifacts import ArtifactsHook
    from causeway_airflow.hooks.stage_table import StageTableHook

#: The stage that is entered by deploying into an account.
STAGE_OF = {AccountRole.TEST: Stage.TEST, AccountRole.PROD: Stage.PRODUCTION}
SMOKE_ROWS = 5


class PromotionOperator(CausewayOperator):
    """A task about one version of a model, named by the run's conf.

    :param use_case: the use case
    :param model: the model
    :param version_arn: the version (templated)
    :param attempt: the promotion attempt (templated)
    """

    template_fields = (*CausewayOperator.template_fields, "version_arn", "attempt")

    def __init__(
        self,
        *,
        use_case: str,
        model: str,
        version_arn: str = VERSION_ARN,
        attempt: str = ATTEMPT,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_case = use_case
        self.model = model
        self.version_arn = version_arn
        self.attempt = attempt

    @property
    def case(self) -> UseCase:
        """The use case."""
        return case_and_model(self.use_case, self.model)[0]

    @property
    def spec(self) -> ModelSpec:
        """The model."""
        return case_and_model(self.use_case, self.model)[1]

    @property
    def role(self) -> AccountRole:
        """The account role the task acts in."""
        return AccountRole(self.account_role)

    @property
    def stage(self) -> Stage:
        """The stage that the task is about."""
        return STAGE_OF[self.role]

    @property
    def audit_user(self) -> str:
        """Who records say that it was, when no person decided."""
        return f"airflow:{self.dag_id}"

    def table(self) -> StageTableHook:
        """Return the stage table, as its recorder."""
        from causeway_airflow.hooks.stage_table import StageTableHook

        return StageTableHook(self.connection("governance", "recorder"), self.region_name)

    def record(self, table: StageTableHook) -> StageRecord:
        """Return the version's record in this stage. Raises `UnexpectedState` without one."""
        record = table.state(ModelPackageArn.parse(self.version_arn)).records.get(self.stage)
        if record is None:
            raise UnexpectedState(
                f"{self.version_arn} has no {self.stage.value} record",
                next_step="Clear the deployment task, which writes it.",
            )
        return record

    def version(self) -> RegistryVersion:
        """Return the version as the registry has it."""
        from causeway_airflow.hooks.registry import RegistryHook

        registry = RegistryHook(self.connection(), self.region_name)
        return version_of(registry.describe(self.version_arn))

    def held_out(self, files: ArtifactsHook, version: RegistryVersion) -> HeldOut:
        """Return the held-out rows that lie beside the version's artifact."""
        digest = Digest(version.artifact_sha256 or "")
        text = files.read(self._shared(held_out_key(self.model, digest))).decode()
        return read_held_out(text, self.spec.training.label, self.spec.problem_type)

    def reported(self, files: ArtifactsHook, version: RegistryVersion) -> dict[str, float]:
        """Return the metrics of the gate report that the version refers to."""
        digest, report = Digest(version.artifact_sha256 or ""), version.gate_report_sha256 or ""
        key = gate_report_key(self.model, digest, report)
        return dict(json.loads(files.read(self._shared(key)))["metrics"])

    def _shared(self, key: str) -> str:
        return f"s3://{topology().bucket(AccountRole.SHARED_SERVICES)}/{key}"


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
