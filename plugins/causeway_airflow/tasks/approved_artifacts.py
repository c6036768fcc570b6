"""The artifact that a decision was made on, compared with the object that lies in S3.

SageMaker loads the object by its key, whatever version that has, some time after a deployment
began: it is compared before the endpoint is touched and again once the endpoint serves.
"""

from __future__ import annotations

from datetime import UTC, datetime

from causeway.errors import ApprovalRefused
from causeway.governance.approvals import Decision
from causeway.versions.registry import ARTIFACT_VERSION, RegistryVersion
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.tasks.promotion import Subject


def require_approved(
    files: ArtifactsHook, subject: Subject, version: RegistryVersion, decision: Decision
) -> None:
    """Compare the decision with the version and with the object as it lies in S3 now.

    Raises:
        ApprovalRefused: the decision was made on something else, is a rejection or ran out.
    """
    stored = files.current(str(version.model_data_url))
    registered = version.metadata.get(ARTIFACT_VERSION)
    same = (
        stored.sha256 == version.artifact_sha256
        and stored.version_id == registered
        and decision.gate_report_sha256 == version.gate_report_sha256
    )
    if same and decision.allows(stored.sha256, datetime.now(UTC)):
        return
    raise ApprovalRefused(
        f"{version.arn} may not enter {subject.stage.value}: {decision.verdict.value} by "
        f"{decision.person} for artifact {decision.artifact_sha256} until "
        f"{decision.valid_until:%Y-%m-%d %H:%M} UTC, registered as object version "
        f"{registered}; S3 holds {stored.sha256} in version {stored.version_id}",
        account=subject.account,
        next_step="If the approval ran out, have the version approved again; if the "
        "artifact changed, find out who changed it.",
    )


def object_versions(
    files: ArtifactsHook, version: RegistryVersion
) -> tuple[str | None, str | None]:
    """Return the artifact's object version that lies in S3 now, and the registered one.

    The bytes of an object's version never change: who looks again needs no digest.
    """
    stored = (files.head(str(version.model_data_url)) or {}).get("VersionId")
    return stored, version.metadata.get(ARTIFACT_VERSION)
