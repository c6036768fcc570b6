"""Reports on governance: read from the governance table, stored beside the other reports."""

from __future__ import annotations

import logging

from causeway.errors import ConfigError
from causeway.governance_reports.kinds import Kind, days_of, kinds, sheet
from causeway.governance_reports.sheets import Sheet
from causeway.instants import Day
from causeway.reporting.reports import Report
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.results import GovernanceReports
from causeway_airflow.tasks import clock
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.boards import table_of
from causeway_airflow.tasks.model_views import model_view
from causeway_airflow.tasks.pdfs import pdf
from causeway_airflow.tasks.reports import store_pdf, store_report

log = logging.getLogger(__name__)


def write_reports(
    hook: Hooks, *, report: str, day: str | None, model: str | None
) -> GovernanceReports:
    """Make reports of what the table holds, print them, and store them under the day's name.

    Raises:
        ConfigError: there is no such report or model, or no such day of it.
    """
    choice, now = kinds(report), clock.now()
    days = days_of(day, Day(now.date()), choice)
    table, all_versions = table_of(hook), choice != (Kind.PRODUCTION,)
    records = table.use_cases()
    views = [
        model_view(
            table,
            case,
            spec,
            min(days.values()),
            all_versions=all_versions,
            record=records.get(case.id),
        )
        for case, spec in _models(model)
    ]
    sheets = {kind: sheet(kind, views, of, topology(), now) for kind, of in days.items()}
    reports = [
        (_report(kind, content, days[kind], model), content) for kind, content in sheets.items()
    ]
    uris = {}
    for document, _ in reports:
        log.info("%s", document.markdown)
        uri = store_report(hook, document)
        uris[document.kind] = uri.removesuffix("json") + "md"
    for document, content in reports:  # what cannot be printed is stored all the same
        store_pdf(hook, document, pdf(content, document.at))
    return GovernanceReports(day=str(min(days.values())), reports=uris)


def _report(kind: Kind, content: Sheet, day: Day, model: str | None) -> Report:
    name = f"{day}-{model}" if model else str(day)
    document = {"report": kind.value, "day": str(day), **content.document()}
    return Report(kind.value, name, day.start, content.figures, document, content.markdown())


def _models(name: str | None) -> list[tuple[UseCase, ModelSpec]]:
    pairs = [(case, model) for case in use_cases() for model in case.models]
    choice = [(case, model) for case, model in pairs if name in (None, model.name)]
    if not choice:
        raise ConfigError(
            f"there is no model {name!r}",
            next_step="Leave it empty for every model, or name one of: "
            f"{', '.join(model.name for _, model in pairs)}.",
        )
    return choice
