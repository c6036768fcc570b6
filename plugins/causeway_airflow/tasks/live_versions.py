"""What an endpoint serves: recorded together with what follows from it, and looked at by tests."""

from __future__ import annotations

from datetime import UTC, datetime

from causeway.deployment.leases import Lease, Live
from causeway.deployment.live_changes import went_live
from causeway.deployment.rollout import Target, check_not_superseded, judge_endpoint
from causeway.errors import DeploymentFailed, WriteConflict
from causeway.governance.audit import Change
from causeway.governance.changes import recorded
from causeway.items import absent
from causeway.statuses import Meaning
from causeway.versions.keys import revocation_key
from causeway.versions.stages import Stage, Status
from causeway_airflow.hooks.endpoints import EndpointsHook
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.tasks.promotion import Subject


def record_live(table: StageTableHook, subject: Subject, names: Target, lease: Lease) -> None:
    """Write what is served now, unless somebody has stopped it: all of it, or nothing.

    In production the version is `deployed` from then on, and the one before it superseded, so that
    the table never names two, nor another than the endpoint serves.

    Raises:
        WriteConflict: the attempt was revoked, the lease went to another run, or a record was
            changed meanwhile.
    """
    before = table.live(subject.role, subject.model.name)
    if before is not None and before.version_arn == subject.version:
        if before.endpoint_config == names.endpoint_config and not before.removed_at:
            return
        before = None  # it replaces itself
    facts = table.state(subject.version).facts
    live = Live(
        account_role=subject.role,
        model=subject.model.name,
        version_arn=subject.version,
        artifact_sha256=names.artifact_sha256,
        endpoint=names.endpoint,
        endpoint_config=names.endpoint_config,
        run_id=lease.owner,
        fencing=lease.fencing,
        deployed_at=datetime.now(UTC),
        package_sha256=facts.package_sha256 if facts else "",
    )
    changes = [
        went_live(live, before, subject.by, subject.account),
        *production_records(table, subject, before, live.deployed_at),
    ]
    if not table.record(changes, [absent(revocation_key(subject.version, subject.attempt))]):
        raise WriteConflict(
            f"{subject.version} is not recorded as live in {subject.role.value}: the attempt was "
            "revoked, or somebody else changed lease or record meanwhile",
            account=subject.account,
            next_step="Look at the revocation in the governance table; else clear the task.",
        )


def production_records(
    table: StageTableHook, subject: Subject, before: Live | None, now: datetime
) -> list[Change]:
    """Return the changes of the production records of a version and of the one before it."""
    if subject.stage is not Stage.PRODUCTION:
        return []
    changes = []
    record = table.state(subject.version).records[Stage.PRODUCTION]
    if record.status is not Status.DEPLOYED:
        deployed = record.moved(Status.DEPLOYED, now=now, user=subject.by.person)
        changes.append(recorded(deployed, record.status, subject.by, subject.account))
    old = table.state(before.version_arn).records.get(Stage.PRODUCTION) if before else None
    if old is not None and old.status is Status.DEPLOYED:
        superseded = old.moved(Status.SUPERSEDED, now=now, user=subject.by.person)
        changes.append(recorded(superseded, old.status, subject.by, subject.account))
    return changes


def require_served(
    table: StageTableHook, endpoints: EndpointsHook, subject: Subject, names: Target
) -> None:
    """Compare what the endpoint serves with this version: a test must not ask another one.

    Raises:
        Superseded: a newer version is live.
        DeploymentFailed: it serves something else, or nothing.
    """
    live, observed = table.live(subject.role, subject.model.name), endpoints.observe(names.endpoint)
    served = judge_endpoint(
        names,
        status=observed.status or "gone",
        endpoint_config=observed.endpoint_config,
        artifact_sha256=observed.artifact_sha256,
    )
    if live and live.version_arn == subject.version and served.verdict is Meaning.SUCCESS:
        return
    check_not_superseded(subject.version, live)
    raise DeploymentFailed(
        f"endpoint {names.endpoint} does not serve {subject.version}: {served.reason}; the table "
        f"says {live.version_arn if live else 'nothing'}",
        account=subject.account,
        next_step="Clear the deployment task, which brings the version back, with what follows.",
    )
