"""The portfolio of use cases: risk, owner, models, and what is live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from causeway.governance.use_case_record import UseCaseRecord
from causeway.governance_reports.sheets import Sheet, Table
from causeway.governance_reports.views import ModelView
from causeway.instants import Day, for_people
from causeway.use_cases.stages import UNRECORDED
from causeway.use_cases.use_case import UseCase

_USE_CASE: Final = (
    *("use case", "name", "risk", "stage", "since", "decided by", "why"),
    *("owner", "line of business", "project"),
)
_MODEL: Final = (
    *("model", "use case", "risk", "problem", "trained by"),
    *("decide on test", "decide on production", "versions", "live", "waiting"),
)


def portfolio(models: Sequence[ModelView], day: Day) -> Sheet:
    """Return the use cases of the models, and the models."""
    cases = {view.case.id: (view.case, view.record) for view in models}
    return Sheet(
        f"Use cases on {day}",
        "What is declared and recorded of use cases and models, and what production serves. "
        "Times are UTC.",
        (
            Table(
                "Use cases",
                _USE_CASE,
                tuple(_use_case(case, record) for case, record in cases.values()),
            ),
            Table(
                "Models",
                _MODEL,
                tuple(_model(view) for view in models),
            ),
        ),
        {
            "use_cases": len(cases),
            "models": len(models),
            "live": sum(view.live is not None for view in models),
        },
    )


def _use_case(case: UseCase, record: UseCaseRecord | None) -> tuple[str, ...]:
    people = [each.person for each in record.admitted_by] if record else []
    stage = (
        (
            record.stage.value,
            for_people(record.since),
            " and ".join(people) or record.changed_by,
            record.reason,
        )
        if record
        else (UNRECORDED, "", "", "")
    )
    names = (case.owner, case.line_of_business, case.project)
    return (case.id, case.name, case.risk, *stage, *names)


def _model(view: ModelView) -> tuple[str, ...]:
    model, live = view.model, view.live
    arn = live.live.version_arn if live else None
    waiting = [version.row.label for version in view.versions if version.row.wait(model)]
    return (
        model.name,
        view.case.id,
        model.risk,
        model.problem_type,
        model.trainer,
        " or ".join(model.approvers.test),
        " or ".join(model.approvers.production),
        str(len(view.versions)),
        f"{arn.group}/{arn.version} since {for_people(live.since)}" if arn and live else "nothing",
        ", ".join(waiting) or "nothing",
    )
