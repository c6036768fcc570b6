"""Decisions that nobody made, as whoever may write decisions could write them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from causeway.governance.decisions import Decision
from causeway.governance.gestures import Verdict
from causeway.governance.registry_calls import RegistryCall, call_of
from causeway.topology.arns import ModelPackageArn
from causeway.versions.stages import Stage
from tests.properties.cloud import SHARED
from tests.properties.world import World, arn_of


def forged(
    world: World, number: int, stage: Stage, person: str, attempt: int, ago: timedelta
) -> Decision:
    """Return a decision with everything as it should be, from a call that never was."""
    now, role = datetime.now(UTC), f"causeway-{stage.value}-approver"
    registered = world.oracle.versions[arn_of(number)]
    metadata = registered.description["CustomerMetadataProperties"]
    call = RegistryCall(
        str(registered.arn),
        (now - ago).replace(microsecond=0),
        f"arn:aws:sts::{SHARED}:assumed-role/{role}/{person}",
        person,
        approval="Approved" if stage is Stage.TEST else None,
        lifecycle=("Production", "Approved") if stage is Stage.PRODUCTION else None,
        role=f"arn:aws:iam::{SHARED}:role/{role}",
        event_id="event-that-never-was",
    )
    return Decision(
        version_arn=registered.arn,
        target=stage,
        attempt=attempt,
        verdict=Verdict.APPROVED,
        person=person,
        reason="forged",
        package_sha256=registered.fingerprint,
        artifact_sha256=metadata["artifact-sha256"],
        gate_report_sha256=metadata["gate-report-sha256"],
        decided_at=now,
        valid_until=now + timedelta(days=900),
        call=call,
    )


def real_call(world: World, arn: ModelPackageArn, stage: Stage) -> RegistryCall | None:
    """Return the last call that approved a version's entry into a stage, by whomever."""
    calls = [call_of(json.dumps(event)) for _, event in reversed(world.cloud.events)]
    about = [call for call in calls if call and call.version_arn == str(arn)]
    return next((call for call in about if call.approves(stage)), None)
