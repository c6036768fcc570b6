"""What a task of a promotion is about, and how a promotion ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from causeway.deployment.rollout import Target, target_of
from causeway.errors import ApprovalRefused, DeploymentFailed
from causeway.governance.audit import Actor, Door
from causeway.governance.gestures import Verdict
from causeway.governance.promotions import require_own_promotion
from causeway.governance.table import PromotionStatus
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.registry import RegistryVersion, version_of
from causeway.versions.stages import Stage
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.registry import RegistryHook
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.audit import lock_head
from causeway_airflow.tasks.stage_records import mark_promotion, stage_table

#: The stage that is entered by deploying into an account.
STAGE_OF: Final = {AccountRole.TEST: Stage.TEST, AccountRole.PROD: Stage.PRODUCTION}


@dataclass(frozen=True)
class Subject:
    """A version, the attempt to promote it, and the account that the task acts in.

    `by` is who records and the audit name when no person decided.
    """

    case: UseCase
    model: ModelSpec
    version: ModelPackageArn
    attempt: int
    role: AccountRole
    by: Actor

    @property
    def stage(self) -> Stage:
        """The stage that the account serves."""
        return STAGE_OF[self.role]

    @property
    def account(self) -> str:
        """The account that plays the role."""
        return topology().account(self.role)

    def target(self, artifact_sha256: str) -> Target:
        """Return the names of the version's deployment into the account."""
        compute = topology().compute_of(self.role)
        return target_of(self.model, self.version, artifact_sha256, compute)


def subject_of(
    hook: Hooks,
    case: UseCase,
    model: ModelSpec,
    *,
    version_arn: str,
    attempt: int,
    role: AccountRole,
    dag_id: str,
    run_id: str,
    ended: bool = False,
    resumes: bool = False,
) -> Subject:
    """Return what a task of a run is about, once it is known to be this run's promotion.

    `ended`: the task also acts on a promotion that was rejected or superseded. `resumes`: where the
    promotion has failed, somebody cleared the task, and it goes on. The table says so before
    anything else happens, or the next decision would have the run begin anew.

    Raises:
        UnexpectedState: the version is of another model, or the promotion is another run's.
        ApprovalRefused: somebody rejected the version meanwhile.
        Superseded: a newer version took its place meanwhile.
    """
    version = ModelPackageArn.parse(version_arn)
    table = stage_table(hook)
    promotion = table.promotion(version)
    require_own_promotion(
        promotion,
        version,
        case,
        model,
        topology(),
        attempt=attempt,
        run_id=run_id,
        ended=ended,
    )
    by = Actor(f"airflow:{dag_id}", Door.DAG, f"{dag_id} {run_id}")
    if resumes and promotion is not None and promotion.status is PromotionStatus.FAILED:
        mark_promotion(table, version, PromotionStatus.RUNNING, datetime.now(UTC), by)
    return Subject(case, model, version, attempt, role, by)


def registry_version(hook: Hooks, version: ModelPackageArn) -> RegistryVersion:
    """Return the version as the registry describes it to this task's duty."""
    return version_of(hook(RegistryHook).describe(str(version)))


def close(hook: Hooks, subject: Subject) -> str:
    """Return how a promotion ended, or record its rejection or failure.

    Raises:
        ApprovalRefused: somebody rejected the version; it is recorded.
        DeploymentFailed: it did not end; it is recorded.
    """
    table, version = stage_table(hook), subject.version
    state = table.state(version)
    assert state.promotion is not None  # its subject has one
    status = state.promotion.status
    if status in (PromotionStatus.DEPLOYED, PromotionStatus.SUPERSEDED):
        return status.value
    now = datetime.now(UTC)
    for stop in state.revocations:
        if stop.attempt == subject.attempt:
            mark_promotion(table, version, PromotionStatus.REJECTED, now, subject.by)
            lock_head(hook, version.group)
            raise ApprovalRefused(
                f"{stop.person} stopped {version}: {stop.reason}",
                next_step="An approval after that starts a new attempt.",
            )
    for decision in state.decisions:
        if decision.attempt == subject.attempt and decision.verdict is Verdict.REJECTED:
            mark_promotion(table, version, PromotionStatus.REJECTED, now, subject.by)
            if decision.target is Stage.PRODUCTION:
                lock_head(hook, version.group)
            raise ApprovalRefused(
                f"{decision.person} rejected {version} for {decision.target.value}: "
                f"{decision.reason}",
                next_step="Fix the model; an approval after that starts a new attempt.",
            )
    mark_promotion(table, version, PromotionStatus.FAILED, now, subject.by)
    raise DeploymentFailed(
        f"the promotion of {version} did not end",
        next_step="Read the failed task's log, fix the cause and clear it: it goes on.",
    )
