"""What governance writes about a version, as changes that the audit has an entry for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from causeway.governance.audit import Action, Actor, Change, Door
from causeway.governance.decisions import (
    Decision,
    Facts,
    Revocation,
    decision_item,
    facts_item,
    revocation_item,
)
from causeway.governance.registry_calls import RegistryCall
from causeway.governance.sync_changes import Refusal
from causeway.governance.table import Promotion, write_promotion, write_record, write_refusal
from causeway.items import create
from causeway.versions.keys import decision_key, facts_key, revocation_key
from causeway.versions.stages import StageRecord, Status


def first_seen(facts: Facts, by: Actor) -> Change:
    """Return that a version was seen for the first time, and as what."""
    arn = facts.version_arn
    return Change(
        (create(facts_key(arn), facts_item(facts)),),
        arn.group,
        Action.SEEN,
        by,
        facts.seen_at,
        str(arn),
        arn.account,
        digests=_digests(facts.package_sha256, facts.artifact_sha256, facts.gate_report_sha256),
    )


def decided(decision: Decision, run: str, at: datetime) -> Change:
    """Return that somebody decided on a version's entry into a stage."""
    arn = decision.version_arn
    key = decision_key(arn, decision.target, decision.attempt)
    return Change(
        (create(key, decision_item(decision)),),
        arn.group,
        Action.DECIDED,
        _who(decision.person, decision.call, run),
        at,
        str(arn),
        arn.account,
        stage=decision.target.value,
        after=decision.verdict.value,
        reason=decision.reason,
        digests=_digests(
            decision.package_sha256, decision.artifact_sha256, decision.gate_report_sha256
        ),
    )


def stopped(stop: Revocation, run: str, at: datetime) -> Change:
    """Return that somebody stopped a promotion attempt."""
    arn = stop.version_arn
    return Change(
        (create(revocation_key(arn, stop.attempt), revocation_item(stop)),),
        arn.group,
        Action.STOPPED,
        _who(stop.person, stop.call, run),
        at,
        str(arn),
        arn.account,
        after="revoked",
        reason=stop.reason,
    )


def recorded(record: StageRecord, before: Status | None, by: Actor, account: str = "") -> Change:
    """Return that a version's record in a stage is in another status now."""
    arn = record.version_arn
    return Change(
        (write_record(record, before),),
        arn.group,
        Action.RECORDED,
        by,
        record.audit_timestamp,
        str(arn),
        account or arn.account,
        stage=record.stage.value,
        before=before.value if before else "",
        after=record.status.value,
    )


def promoted(promotion: Promotion, before: Promotion | None, by: Actor) -> Change:
    """Return how a promotion attempt fares now."""
    arn = promotion.version_arn
    return Change(
        (write_promotion(promotion, before),),
        arn.group,
        Action.PROMOTION,
        by,
        promotion.updated_at,
        str(arn),
        arn.account,
        before=f"{before.attempt} {before.status.value}" if before else "",
        after=f"{promotion.attempt} {promotion.status.value}",
    )


def refused(refusal: Refusal, event_id: str, run: str, at: datetime) -> Change:
    """Return that a gesture was refused, and why."""
    arn = refusal.version_arn
    return Change(
        (write_refusal(arn, event_id, refusal.reason, at),),
        arn.group,
        Action.REFUSED,
        Actor("", Door.REGISTRY, run, refusal.principal or ""),
        at,
        str(arn),
        arn.account,
        after="quarantined" if refusal.quarantined else "set back",
        reason=refusal.reason,
    )


def _who(person: str, call: RegistryCall | None, run: str) -> Actor:
    """Return who decided: a person by a call to the registry, there is no other way."""
    return Actor(person, Door.REGISTRY, run, (call and call.principal) or "")


def _digests(package: str, artifact: str | None, gate_report: str | None) -> Mapping[str, str]:
    digests = {"package": package, "artifact": artifact, "gate_report": gate_report}
    return {name: digest for name, digest in digests.items() if digest}
