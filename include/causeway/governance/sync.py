"""The sync's plan: the registry and the governance table go in, the changes to make come out.

Events only trigger the sync; this function of the observed state decides. Once a plan is applied
the next plan is empty, however often an event arrives, late or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from causeway.governance.registry_calls import RegistryCall
from causeway.governance.sync_changes import SyncPlan, VersionState
from causeway.governance.use_case_record import UseCaseRecord
from causeway.governance.version_plan import VersionPlan
from causeway.topology.accounts import Topology
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.files import model_of_group
from causeway.use_cases.use_case import UseCase
from causeway.versions.registry import RegistryVersion

#: By how much the clocks of the registry, CloudTrail and Airflow may differ.
_CLOCKS: Final = timedelta(minutes=5)


def plan_sync(
    versions: Iterable[RegistryVersion],
    states: Mapping[ModelPackageArn, VersionState],
    use_cases: tuple[UseCase, ...],
    topology: Topology,
    now: datetime,
    calls: Iterable[RegistryCall] = (),
    records: Mapping[str, UseCaseRecord] | None = None,
) -> SyncPlan:
    """Compare the registry with the governance table.

    For each version: its facts and a Development record if there are none (quarantined when the
    version is bound to no digest, or is not what was registered); a decision or a revocation for
    each new gesture that passes the guard, a refusal with set-back for each that does not; the
    records that follow; one promotion if none is open; and the registry's words as a mirror of all.

    `calls` are the recorded changes since `calls_since`: they say who made a gesture, and know the
    stops that another write has replaced in the registry. While they cannot say who made a gesture,
    it waits, and the version is left as it is. `records` are those of use cases, by id.
    """
    all_calls = tuple(calls)
    plans: list[SyncPlan] = []
    ignored: list[str] = []
    for version in sorted(versions, key=lambda v: (v.arn.group, v.arn.version)):
        owner = model_of_group(use_cases, version.arn.group)
        if owner is None or version.package_status != "Completed":
            ignored.append(str(version.arn))
            continue
        state = states.get(version.arn, VersionState())
        record = (records or {}).get(owner[0].id)
        plans.append(VersionPlan(version, state, *owner, topology, now, all_calls, record).plan())
    return SyncPlan(
        facts=tuple(item for plan in plans for item in plan.facts),
        revocations=tuple(item for plan in plans for item in plan.revocations),
        decisions=tuple(item for plan in plans for item in plan.decisions),
        records=tuple(item for plan in plans for item in plan.records),
        refusals=tuple(item for plan in plans for item in plan.refusals),
        registry=tuple(item for plan in plans for item in plan.registry),
        promotions=tuple(item for plan in plans for item in plan.promotions),
        ignored=tuple(ignored),
    )


def calls_since(
    versions: Iterable[RegistryVersion],
    states: Mapping[ModelPackageArn, VersionState],
    use_cases: tuple[UseCase, ...],
    topology: Topology,
    now: datetime,
    looked_at: datetime | None = None,
) -> datetime:
    """Return since when calls have to be known: to judge new gestures, and to miss no stop.

    `looked_at` is when the last sync looked; what CloudTrail recorded late is looked for again.
    """
    times = [since_last_look(topology, now, looked_at)]
    for version in versions:
        owner = model_of_group(use_cases, version.arn.group)
        if owner is None or version.package_status != "Completed":
            continue
        state = states.get(version.arn, VersionState())
        if state.facts is None:
            times.append(version.created_at - _CLOCKS)
        for gesture in VersionPlan(version, state, *owner, topology, now).new_gestures():
            decision_times = [
                decision.decided_at
                for decision in state.decisions
                if decision.target is gesture.target
            ]
            times.append(max([version.created_at, *decision_times]) - _CLOCKS)
    return min(times)


def since_last_look(topology: Topology, now: datetime, looked_at: datetime | None) -> datetime:
    """Return since when calls may not have been seen: CloudTrail records some of them late."""
    late = timedelta(minutes=topology.trail_delay_minutes) + _CLOCKS
    return (looked_at or now) - late
