"""All versions of models: where each stands, what was decided, stopped and refused."""

from __future__ import annotations

from collections.abc import Sequence

from causeway.governance.board import COLUMNS
from causeway.governance_reports.sheets import Sheet, Table
from causeway.governance_reports.views import ModelView
from causeway.governance_reports.words import (
    NOT_RECORDED,
    data_of,
    event,
    people_of,
    standing,
)
from causeway.instants import Day, for_people


def versions(models: Sequence[ModelView], day: Day) -> Sheet:
    """Return each model's versions with their records, decisions, stops and refusals."""
    return Sheet(
        f"Versions on {day}",
        "All versions of each model as they stand, the newest first, with what was decided about "
        "them. Times are UTC.",
        tuple(table for view in models for table in _tables(view)),
        {"versions": sum(len(view.versions) for view in models)},
    )


def _tables(view: ModelView) -> tuple[Table, ...]:
    name = view.model.name
    return (
        Table(
            f"{name}: versions",
            ("version", *(stage.value for stage in COLUMNS), "data", "trained by", "gate report"),
            tuple(
                (
                    version.row.label,
                    *(standing(version, stage) for stage in COLUMNS),
                    data_of(version),
                    people_of(version)[0],
                    (version.facts and version.facts.gate_report_sha256) or NOT_RECORDED,
                )
                for version in view.versions
            ),
            "No version is registered.",
        ),
        decisions(f"{name}: decisions", [view]),
        stops(f"{name}: stops", [view]),
        refusals(f"{name}: refused gestures", [view]),
    )


def decisions(title: str, models: Sequence[ModelView], *verdicts: str) -> Table:
    """Return what was decided, the latest of a version first; by default of each verdict."""
    return Table(
        title,
        ("version", "attempt", "into", "verdict", "person", "reason", "when", "event", "evidence"),
        tuple(
            (
                version.row.label,
                str(decision.attempt),
                decision.target.value,
                decision.verdict.value,
                decision.person,
                decision.reason,
                for_people(decision.decided_at),
                event(decision.call),
                f"gate report {decision.gate_report_sha256}",
            )
            for view in models
            for version in view.versions
            for decision in version.decisions
            if not verdicts or decision.verdict in verdicts
        ),
    )


def stops(title: str, models: Sequence[ModelView]) -> Table:
    """Return which promotion attempts were stopped, by whom."""
    return Table(
        title,
        ("version", "attempt", "person", "reason", "when", "event"),
        tuple(
            (
                version.row.label,
                str(stop.attempt),
                stop.person,
                stop.reason,
                for_people(stop.revoked_at),
                event(stop.call),
            )
            for view in models
            for version in view.versions
            for stop in version.revocations
        ),
    )


def refusals(title: str, models: Sequence[ModelView]) -> Table:
    """Return which gestures were refused, and why."""
    return Table(
        title,
        ("version", "why", "when", "event"),
        tuple(
            (
                version.row.label,
                refusal.reason,
                for_people(refusal.refused_at),
                refusal.event_id,
            )
            for view in models
            for version in view.versions
            for refusal in version.refusals
        ),
    )
