"""Open and refused approvals: what waits for whom, and what was rejected, held back, refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from causeway.governance.gestures import Verdict
from causeway.governance_reports.sheets import Sheet, Table
from causeway.governance_reports.versions import decisions, refusals, stops
from causeway.governance_reports.views import ModelView
from causeway.instants import Day, for_people
from causeway.versions.stages import STAGE_BEFORE, Status


def approvals(models: Sequence[ModelView], day: Day) -> Sheet:
    """Return the approvals that are open, and those that were not given."""
    tables = {
        "waiting": Table(
            "Waiting for a decision",
            ("model", "version", "into", "may decide", "since"),
            tuple(_waiting(models)),
            "Nothing waits for a decision.",
        ),
        "rejected": decisions("Rejected", models, Verdict.REJECTED),
        "stopped": stops("Stopped", models),
        "held_back": Table(
            "Held back",
            ("model", "version", "in", "since", "by"),
            tuple(_held_back(models)),
        ),
        "refused": refusals("Refused gestures", models),
    }
    return Sheet(
        f"Open and refused approvals on {day}",
        "What waits for people as it stands, and what was rejected, stopped, held back or refused "
        "at any time. Times are UTC.",
        tuple(tables.values()),
        {name: len(table.rows) for name, table in tables.items()},
    )


def _waiting(models: Sequence[ModelView]) -> Iterator[tuple[str, ...]]:
    for view in models:
        for version in view.versions:
            wait = version.row.wait(view.model)
            if wait:
                before = version.row.records[STAGE_BEFORE[wait.target]]
                yield (
                    view.model.name,
                    version.row.label,
                    wait.target.value,
                    " or ".join(wait.people),
                    for_people(before.audit_timestamp),
                )


def _held_back(models: Sequence[ModelView]) -> Iterator[tuple[str, ...]]:
    for view in models:
        for version in view.versions:
            for stage, record in version.row.records.items():
                if record.status is Status.QUARANTINED:
                    yield (
                        view.model.name,
                        version.row.label,
                        stage.value,
                        for_people(record.audit_timestamp),
                        record.audit_user,
                    )
