"""The portfolio of use cases: risk, owner, models, and what is live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from causeway.governance_reports.sheets import Sheet, Table
from causeway.governance_reports.views import ModelView
from causeway.instants import Day, for_people

_MODEL: Final = (
    *("model", "use case", "risk", "problem", "trained by"),
    *("decide on test", "decide on production", "versions", "live", "waiting"),
)


def portfolio(models: Sequence[ModelView], day: Day) -> Sheet:
    """Return the use cases of the models, and the models."""
    cases = {view.case.id: view.case for view in models}
    return Sheet(
        f"Use cases on {day}",
        "What is declared of use cases and models, and what production serves. Times are UTC.",
        (
            Table(
                "Use cases",
                ("use case", "name", "risk", "stage", "owner", "line of business", "project"),
                tuple(
                    (
                        case.id,
                        case.name,
                        case.risk,
                        case.stage,
                        case.owner,
                        case.line_of_business,
                        case.project,
                    )
                    for case in cases.values()
                ),
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
