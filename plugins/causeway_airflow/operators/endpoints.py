"""Operators that take a version into an account: deployed under a lease, tested, recorded."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from causeway.deployment.leases import (
    Lease,
    Live,
    acquire_lease,
    lease_of,
    release_lease,
    write_live,
)
from causeway.deployment.rollout import (
    LEASE_LASTING,
    TAG_DIGEST,
    TAG_FENCING,
    TAG_RUN,
    TAG_VERSION,
    Start,
    Wanted,
    check_not_superseded,
    create_model_request,
    endpoint_config_request,
    how_to_start,
    require_success,
    wanted,
)
from causeway.errors import (
    ApprovalRefused,
    DeploymentFailed,
    LeaseHeld,
    Superseded,
    UnexpectedState,
)
from causeway.governance.approvals import Decision
from causeway.governance.table import PromotionStatus, new_record
from causeway.statuses import Meaning
from causeway.topology.accounts import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.versions.registry import ARTIFACT_VERSION, RegistryVersion, version_of
from causeway.versions.stages import Stage, StageRecord, Status, current
from causeway_airflow.configuration import topology
from causeway_airflow.operators.promotion_base import PromotionOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.hooks.endpoints import EndpointsHook
    from causeway_airflow.hooks.stage_table import StageTableHook


class EndpointBusy(UnexpectedState):
    """Somebody else's change of the endpoint is in progress; it ends by itself."""

    retryable = True


class DeployEndpointOperator(PromotionOperator):
    """Deploy the decided version behind the model's endpoint, with one hand on it at a time.

    Checks the decision, the artifact's digest as it lies in S3 and that nothing newer is live;
    takes the lease; makes model, endpoint config and endpoint, or adopts what a first try made;
    waits in the triggerer; succeeds only when the endpoint is InService on the requested config
    with the approved digest, and the artifact is still the object that was registered: what was
    loaded from another is taken back. A superseded promotion ends here, visibly, and skips the
    rest.

    :param wait: how long the endpoint may take
    :returns: `{"endpoint", "endpoint_config", "version_arn", "account"}`
    """

    ui_color = "#d5e8d4"

    def __init__(self, *, wait: timedelta = timedelta(hours=1), **kwargs: Any) -> None:
        # A deferred task is also ended by its execution timeout, whatever the DAG's default.
        kwargs["execution_timeout"] = wait + timedelta(minutes=10)
        super().__init__(duty="deployer", **kwargs)
        self.wait = wait

    def perform(self, context: Context) -> dict[str, Any]:
        """Check, take the lease, begin, wait."""
        from causeway_airflow.hooks.endpoints import EndpointsHook
        from causeway_airflow.hooks.registry import RegistryHook
        from causeway_airflow.triggers.endpoints import EndpointTrigger

        table = self.table()
        registry = RegistryHook(self.connection(), self.region_name)
        version = version_of(registry.describe(self.version_arn))
        decision = table.decision(version.arn, self.stage, int(self.attempt))
        self._check_artifact(version, decision)
        lease = self._lease(table, context)
        try:
            check_not_superseded(version.arn, table.live(self.role, self.model))
        except Superseded as error:
            self._supersede(table, version.arn, lease, error)
        self._begin_record(table, version.arn, decision)
        names = wanted(self.spec, version.arn, decision.artifact_sha256)
        hook = EndpointsHook(self.connection(), self.region_name)
        self._start(hook, names, version, lease)
        self.wait_for(
            EndpointTrigger,
            lasting=self.wait,
            wanted=asdict(names),
        )

    def resumed(self, context: Context) -> dict[str, Any]:
        """Judge the endpoint, write what is live, give the lease back."""
        from causeway_airflow.hooks.endpoints import EndpointsHook

        table = self.table()
        arn = ModelPackageArn.parse(self.version_arn)
        decision = table.decision(arn, self.stage, int(self.attempt))
        names = wanted(self.spec, arn, decision.artifact_sha256)
        hook = EndpointsHook(self.connection(), self.region_name)
        judgement, seen = hook.judge(names)
        lease = self._own_lease(table, context)
        if judgement.verdict is Meaning.WAITING:
            raise EndpointBusy(
                f"endpoint {names.endpoint} is still {seen.status} after {self.wait}",
                account=topology().account(self.role),
                next_step="Re-run the task: it adopts the change and goes on waiting.",
            )
        if judgement.verdict is Meaning.FAILURE:
            table.apply(release_lease(lease))
        require_success(names, judgement, account=topology().account(self.role), reason=seen.reason)
        self._check_loaded(hook, table, names, lease)
        self._write_live(table, names, arn, lease)
        table.apply(release_lease(lease))
        return {
            "endpoint": names.endpoint,
            "endpoint_config": names.endpoint_config,
            "version_arn": str(arn),
            "account": topology().account(self.role),
        }

    def _check_artifact(self, version: RegistryVersion, decision: Decision) -> None:
        """Hold the decision against the version and the object as it lies in S3 now."""
        from causeway_airflow.hooks.artifacts import ArtifactsHook

        files = ArtifactsHook(self.connection(), self.region_name)
        # What SageMaker will load: it takes the object by its key, whatever version that has.
        found = files.current(str(version.model_data_url))
        registered = version.metadata.get(ARTIFACT_VERSION)
        same = (
            found.sha256 == version.artifact_sha256
            and found.version_id == registered
            and decision.gate_report_sha256 == version.gate_report_sha256
        )
        if not same or not decision.allows(found.sha256, datetime.now(UTC)):
            raise ApprovalRefused(
                f"{version.arn} may not enter {self.stage.value}: {decision.verdict.value} by "
                f"{decision.person} for artifact {decision.artifact_sha256} until "
                f"{decision.valid_until:%Y-%m-%d %H:%M} UTC, registered as object version "
                f"{registered}; S3 holds {found.sha256} in version {found.version_id}",
                account=topology().account(self.role),
                next_step="If the approval ran out, have the version approved again; if the "
                "artifact changed, find out who changed it.",
            )

    def _check_loaded(
        self, hook: EndpointsHook, table: StageTableHook, names: Wanted, lease: Lease
    ) -> None:
        """Hold the object that lies in S3 after the endpoint began to serve against the version.

        SageMaker loads the artifact by its key, some time after the first look at it. An object's
        version never changes its bytes, so that the version is enough here. When it is another
        one, the endpoint goes back to what was live, or away.
        """
        from causeway_airflow.hooks.artifacts import ArtifactsHook

        version = self.version()
        uri, registered = str(version.model_data_url), version.metadata.get(ARTIFACT_VERSION)
        head = ArtifactsHook(self.connection(), self.region_name).head(uri) or {}
        if head.get("VersionId") == registered:
            return
        before = table.live(self.role, self.model)
        back_to = before.endpoint_config if before else None
        if back_to != names.endpoint_config:  # else it was live, and looked at, before that
            hook.take_back(names.endpoint, back_to)
        table.apply(release_lease(lease))
        raise DeploymentFailed(
            f"{uri} became object version {head.get('VersionId')} while endpoint {names.endpoint} "
            f"was loading it; {version.arn} was registered with {registered}. The endpoint goes "
            f"{f'back to {back_to}' if back_to else 'away'}",
            account=topology().account(self.role),
            next_step="Find out who changed the artifact; train and register again.",
        )

    def _lease(self, table: StageTableHook, context: Context) -> Lease:
        owner = context["dag_run"].run_id
        taken = table.apply(
            acquire_lease(
                self.role, self.model, owner, now=datetime.now(UTC), lasting=LEASE_LASTING
            )
        )
        if taken is None:
            held = table.lease(self.role, self.model)
            raise LeaseHeld(
                f"run {held.owner if held else '(unknown)'} has its hand on the endpoint of "
                f"{self.model} in {self.role.value}",
                account=topology().account(self.role),
                next_step="Wait for it to end, or for its lease to run out; the task retries.",
            )
        return lease_of(taken)

    def _own_lease(self, table: StageTableHook, context: Context) -> Lease:
        lease = table.lease(self.role, self.model)
        if lease is None or lease.owner != context["dag_run"].run_id:
            raise LeaseHeld(
                f"the lease on {self.model} in {self.role.value} went to "
                f"{lease.owner if lease else 'nobody'} while this run waited",
                account=topology().account(self.role),
                next_step="The task retries: it takes the lease again or finds itself superseded.",
            )
        return lease

    def _supersede(
        self, table: StageTableHook, arn: ModelPackageArn, lease: Lease, error: Superseded
    ) -> None:
        now = datetime.now(UTC)
        record = current(table.state(arn).records)
        if record is not None:
            table.move(record, Status.SUPERSEDED, now=now, user=self.audit_user)
        table.close(arn, PromotionStatus.SUPERSEDED, now)
        table.apply(release_lease(lease))
        raise AirflowSkipException(f"superseded: {error}") from error

    def _begin_record(
        self, table: StageTableHook, arn: ModelPackageArn, decision: Decision
    ) -> StageRecord:
        """Have the stage's record say that the version is being deployed."""
        now = datetime.now(UTC)
        record = table.state(arn).records.get(self.stage)
        if record is None:
            begin = Status.IN_PROGRESS if self.stage is Stage.TEST else Status.PENDING
            record = table.add(
                new_record(
                    arn, self.stage, begin, self.case, self.spec, now=now, user=decision.person
                )
            )
        if record.status in (Status.DEPLOYED, Status.APPROVED):
            return record  # a task that was cleared after its success
        if self.stage is Stage.TEST and record.validation_metrics:
            return record
        return table.move(record, Status.IN_PROGRESS, now=now, user=self.audit_user)

    def _start(
        self, hook: EndpointsHook, names: Wanted, version: RegistryVersion, lease: Lease
    ) -> None:
        hook.ensure_model(create_model_request(names, version, self.role, topology()))
        hook.ensure_config(endpoint_config_request(names, version.arn, self.spec))
        seen = hook.observe(names.endpoint)
        start = how_to_start(names, status=seen.status, endpoint_config=seen.endpoint_config)
        if start is Start.WAIT:
            raise EndpointBusy(
                f"endpoint {names.endpoint} is {seen.status} on {seen.endpoint_config}",
                account=topology().account(self.role),
                next_step="The task retries until that change has ended.",
            )
        tags = {
            TAG_VERSION: str(version.arn),
            TAG_DIGEST: names.artifact_sha256,
            TAG_RUN: lease.owner,
            TAG_FENCING: str(lease.fencing),
        }
        hook.begin(start, names, [{"Key": k, "Value": v} for k, v in sorted(tags.items())])
        self.log.info("endpoint %s: %s %s", names.endpoint, start.value, names.endpoint_config)

    def _write_live(
        self, table: StageTableHook, names: Wanted, arn: ModelPackageArn, lease: Lease
    ) -> None:
        """Write what is served now; before it, that the version it replaces is superseded."""
        now = datetime.now(UTC)
        before = table.live(self.role, self.model)
        if before is not None and before.version_arn == arn:
            if before.endpoint_config == names.endpoint_config:
                return
        elif before is not None and self.stage is Stage.PRODUCTION:
            old = table.state(before.version_arn).records.get(Stage.PRODUCTION)
            if old is not None and old.status is Status.DEPLOYED:
                table.move(old, Status.SUPERSEDED, now=now, user=self.audit_user)
        table.write(
            write_live(
                Live(
                    account_role=AccountRole(self.role),
                    model=self.model,
                    version_arn=arn,
                    artifact_sha256=names.artifact_sha256,
                    endpoint=names.endpoint,
                    endpoint_config=names.endpoint_config,
                    run_id=lease.owner,
                    fencing=lease.fencing,
                    deployed_at=now,
                )
            )
        )
