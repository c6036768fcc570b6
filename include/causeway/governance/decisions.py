"""What is decided about a version, and on what: facts, decisions and revocations, as items.

They are written once and never changed. `valid_until` is no TTL: decisions are kept as evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from causeway.governance.gestures import Verdict
from causeway.governance.registry_calls import RegistryCall, call_item, call_of_item
from causeway.instants import instant, moment
from causeway.topology.arns import ModelPackageArn
from causeway.versions.keys import decision_key, facts_key, revocation_key
from causeway.versions.registry import RegistryVersion
from causeway.versions.stages import Stage


@dataclass(frozen=True)
class Facts:
    """What a version was when it was first seen. Whatever is judged is judged by these."""

    version_arn: ModelPackageArn
    package_sha256: str
    artifact_sha256: str | None
    gate_report_sha256: str | None
    trained_by: str | None
    requested_by: str | None
    seen_at: datetime


@dataclass(frozen=True)
class Decision:
    """A verdict on one version's entry into one stage, bound to what it was made on.

    `call` is the API call that it comes from; a decision without one clears nothing.
    """

    version_arn: ModelPackageArn
    target: Stage
    attempt: int
    verdict: Verdict
    person: str
    reason: str
    package_sha256: str
    artifact_sha256: str
    gate_report_sha256: str
    decided_at: datetime
    valid_until: datetime
    call: RegistryCall | None = None


@dataclass(frozen=True)
class Revocation:
    """A person's stop of a promotion attempt, whatever was decided in it before."""

    version_arn: ModelPackageArn
    attempt: int
    person: str
    reason: str
    revoked_at: datetime
    call: RegistryCall | None = None


def facts_of(version: RegistryVersion, now: datetime) -> Facts:
    """Return the facts of a version that is seen for the first time."""
    return Facts(
        version_arn=version.arn,
        package_sha256=version.package_sha256,
        artifact_sha256=version.artifact_sha256,
        gate_report_sha256=version.gate_report_sha256,
        trained_by=version.trained_by,
        requested_by=version.requested_by,
        seen_at=now,
    )


def facts_item(facts: Facts) -> dict[str, Any]:
    """Write facts as an item."""
    values = {
        "version_arn": str(facts.version_arn),
        "package_sha256": facts.package_sha256,
        "artifact_sha256": facts.artifact_sha256,
        "gate_report_sha256": facts.gate_report_sha256,
        "trained_by": facts.trained_by,
        "requested_by": facts.requested_by,
        "seen_at": instant(facts.seen_at),
    }
    return facts_key(facts.version_arn).item() | _present(values)


def facts_of_item(item: Mapping[str, Any]) -> Facts:
    """Read facts from their item."""
    return Facts(
        version_arn=ModelPackageArn.parse(item["version_arn"]),
        package_sha256=item["package_sha256"],
        artifact_sha256=item.get("artifact_sha256"),
        gate_report_sha256=item.get("gate_report_sha256"),
        trained_by=item.get("trained_by"),
        requested_by=item.get("requested_by"),
        seen_at=moment(item["seen_at"]),
    )


def decision_item(decision: Decision) -> dict[str, Any]:
    """Write a decision as an item."""
    values = {
        "version_arn": str(decision.version_arn),
        "target_stage": decision.target.value,
        "attempt": decision.attempt,
        "verdict": decision.verdict.value,
        "person": decision.person,
        "reason": decision.reason,
        "package_sha256": decision.package_sha256,
        "artifact_sha256": decision.artifact_sha256,
        "gate_report_sha256": decision.gate_report_sha256,
        "decided_at": instant(decision.decided_at),
        "valid_until": instant(decision.valid_until),
        "call": call_item(decision.call) if decision.call else None,
    }
    key = decision_key(decision.version_arn, decision.target, decision.attempt)
    return key.item() | _present(values)


def decision_of(item: Mapping[str, Any]) -> Decision:
    """Read a decision from its item."""
    return Decision(
        version_arn=ModelPackageArn.parse(item["version_arn"]),
        target=Stage(item["target_stage"]),
        attempt=int(item["attempt"]),
        verdict=Verdict(item["verdict"]),
        person=item["person"],
        reason=item["reason"],
        package_sha256=item["package_sha256"],
        artifact_sha256=item["artifact_sha256"],
        gate_report_sha256=item["gate_report_sha256"],
        decided_at=moment(item["decided_at"]),
        valid_until=moment(item["valid_until"]),
        call=call_of_item(item["call"]) if item.get("call") else None,
    )


def revocation_item(revocation: Revocation) -> dict[str, Any]:
    """Write a revocation as an item."""
    values = {
        "version_arn": str(revocation.version_arn),
        "attempt": revocation.attempt,
        "person": revocation.person,
        "reason": revocation.reason,
        "revoked_at": instant(revocation.revoked_at),
        "call": call_item(revocation.call) if revocation.call else None,
    }
    key = revocation_key(revocation.version_arn, revocation.attempt)
    return key.item() | _present(values)


def revocation_of(item: Mapping[str, Any]) -> Revocation:
    """Read a revocation from its item; its key says of which attempt, and cannot be changed."""
    return Revocation(
        version_arn=ModelPackageArn.parse(item["version_arn"]),
        attempt=int(item["sk"].rpartition("#")[2]),
        person=item["person"],
        reason=item["reason"],
        revoked_at=moment(item["revoked_at"]),
        call=call_of_item(item["call"]) if item.get("call") else None,
    )


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
