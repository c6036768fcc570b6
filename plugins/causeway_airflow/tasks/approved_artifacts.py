"""The clearance of a version, with what lies in S3 and what CloudTrail recorded.

SageMaker loads the object by its key, whatever version that has, some time after a deployment
began: everything is compared before the endpoint is touched and again once the endpoint serves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from causeway.errors import ApprovalRefused
from causeway.governance.clearance import (
    Standing,
    clearance,
    require_evidence,
    require_in_time,
    require_no_later_stop,
    require_not_revoked,
    require_unchanged_before_seen,
)
from causeway.governance.decisions import Decision
from causeway.governance.registry_calls import UPDATE, call_of
from causeway.topology.account_roles import AccountRole
from causeway.versions.registry import ARTIFACT_VERSION, RegistryVersion
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.audit_log import AuditLogHook
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.promotion import Subject, registry_version
from causeway_airflow.tasks.stage_records import stage_table
from causeway_airflow.tasks.use_case_records import require_admitted

#: By how much the clocks of the registry and CloudTrail may differ.
CLOCKS: Final = timedelta(minutes=1)


def cleared(hook: Hooks, subject: Subject, version: RegistryVersion) -> Decision:
    """Return the decision that lets a version into the stage now.

    Raises:
        ApprovalRefused: the use case lets nothing in there; the attempt was revoked; what was
            decided is missing, is not what is registered or lies in S3, ran out, or does not come
            from the call that it names.
        StoppedInTheRegistry: somebody has stopped the version there.
    """
    require_admitted(hook, subject)
    now, standing = datetime.now(UTC), _standing(hook, subject)
    decisions = clearance(subject.stage, version, standing, subject.model, topology())
    require_in_time(decisions[-1], subject.model, now)
    _require_calls(hook, decisions)
    _require_nothing_else_happened(hook, subject, version, standing, decisions)
    _require_object(hook, subject, version, decisions[-1])
    return decisions[-1]


def require_no_stop(hook: Hooks, subject: Subject) -> None:
    """Raise `ApprovalRefused` when somebody has revoked the attempt by now."""
    require_not_revoked(subject.version, _standing(hook, subject))


def require_cleared_still(hook: Hooks, subject: Subject) -> None:
    """Compare everything again once the endpoint serves; what has started may end after its time.

    Other decisions may stand there by now: theirs are the calls that are looked up.

    Raises:
        ApprovalRefused: the use case was sent back, the attempt was revoked, the version is another
            one by now, or a decision does not come from the call that it names.
        StoppedInTheRegistry: somebody has stopped the version there.
    """
    require_admitted(hook, subject)
    version = registry_version(hook, subject.version)
    standing = _standing(hook, subject)
    decisions = clearance(subject.stage, version, standing, subject.model, topology())
    _require_calls(hook, decisions)
    _require_nothing_else_happened(hook, subject, version, standing, decisions)
    stored = (artifacts(hook).head(str(version.model_data_url)) or {}).get("VersionId")
    # The bytes of an object's version never change: who looks again needs no digest.
    if stored != version.metadata.get(ARTIFACT_VERSION):
        raise _other_object(subject, version, decisions[-1], stored)


def artifacts(hook: Hooks) -> ArtifactsHook:
    """Return the artifacts as their releaser sees them: deployers see only what was released."""
    return hook(ArtifactsHook, AccountRole.SHARED_SERVICES, "releaser")


def _trail(hook: Hooks) -> AuditLogHook:
    return hook(AuditLogHook, AccountRole.SHARED_SERVICES, "registry-auditor")


def _require_calls(hook: Hooks, decisions: Sequence[Decision]) -> None:
    """Look up the call that each decision names; what CloudTrail does not know was never there."""
    trail = _trail(hook)
    for decision in decisions:
        event = trail.event(decision.call.event_id or "") if decision.call else None
        require_evidence(decision, call_of(event) if event else None)


def _require_nothing_else_happened(
    hook: Hooks,
    subject: Subject,
    version: RegistryVersion,
    standing: Standing,
    decisions: Sequence[Decision],
) -> None:
    """Look in CloudTrail for what the table might not say: a later stop, an unseen change."""
    since = version.created_at - CLOCKS
    calls = [call for event in _trail(hook).calls(UPDATE, since) if (call := call_of(event))]
    require_unchanged_before_seen(standing.facts, calls, topology())
    require_no_later_stop(decisions, calls, subject.model, topology())


def _standing(hook: Hooks, subject: Subject) -> Standing:
    return stage_table(hook).standing(subject.version, subject.attempt)


def _require_object(
    hook: Hooks, subject: Subject, version: RegistryVersion, decision: Decision
) -> None:
    stored = artifacts(hook).current(str(version.model_data_url))
    same = stored.version_id == version.metadata.get(ARTIFACT_VERSION)
    if not same or stored.sha256 != decision.artifact_sha256:
        raise _other_object(subject, version, decision, stored.version_id, stored.sha256)


def _other_object(
    subject: Subject,
    version: RegistryVersion,
    decision: Decision,
    stored: str | None,
    digest: str = "other bytes",
) -> ApprovalRefused:
    return ApprovalRefused(
        f"{version.arn} may not enter {subject.stage.value}: approved by {decision.person} for "
        f"artifact {decision.artifact_sha256}, registered as object version "
        f"{version.metadata.get(ARTIFACT_VERSION)}; S3 holds {digest} in version {stored}",
        account=subject.account,
        next_step="Find out who changed the artifact; train and register again.",
    )
