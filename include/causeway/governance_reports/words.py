"""How reports say a record, a decision and its call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from causeway.governance.board import VersionView
from causeway.governance.decisions import Decision
from causeway.governance.registry_calls import RegistryCall
from causeway.instants import for_people
from causeway.versions.stages import Stage

NOT_RECORDED: Final = "not recorded"


def standing(view: VersionView, stage: Stage) -> str:
    """Return how a version stands in a stage: status, since when, by whom; empty without it."""
    record = view.row.records.get(stage)
    if record is None:
        return ""
    since = for_people(record.audit_timestamp)
    return f"{record.status.value.replace('_', ' ')} since {since} by {record.audit_user}"


def data_of(view: VersionView | None) -> str:
    """Return where a version's rows come from, and whether any of them are invented."""
    record = view.row.records.get(Stage.DEVELOPMENT) if view else None
    if record is None or not record.data_source:
        return NOT_RECORDED
    return f"{record.data_source}; synthetic: {record.synthetic or NOT_RECORDED}"


def people_of(view: VersionView | None) -> tuple[str, str]:
    """Return who trained a version and who asked for it."""
    facts = view.facts if view else None
    trained = (facts and facts.trained_by) or NOT_RECORDED
    return trained, (facts and facts.requested_by) or trained


def metrics(values: Mapping[str, Any]) -> str:
    """Return the numbers among metrics, by name."""
    numbers = {name: value for name, value in values.items() if isinstance(value, int | float)}
    return ", ".join(f"{name} {value:.5g}" for name, value in sorted(numbers.items()))


def event(call: RegistryCall | None) -> str:
    """Return which event of CloudTrail a decision comes from, and who made the call."""
    if call is None:
        return NOT_RECORDED
    who = f"source identity {call.identity or NOT_RECORDED}, {call.principal or NOT_RECORDED}"
    return f"{call.event_id or NOT_RECORDED}, {who}"


def approval(decision: Decision | None) -> str:
    """Return who approved, when and why, and by which call."""
    if decision is None:
        return NOT_RECORDED
    return (
        f"{decision.person}, {for_people(decision.decided_at)}: "
        f"{decision.reason or 'no reason given'}"
    )
