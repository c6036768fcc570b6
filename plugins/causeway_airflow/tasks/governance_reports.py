"""Reports on governance: read from the governance table, stored beside the other reports."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from causeway.deployment.periods import periods
from causeway.errors import ConfigError
from causeway.governance_reports.kinds import Kind, day_of, kinds, sheet
from causeway.governance_reports.views import ModelView
from causeway.instants import Day
from causeway.reporting.reports import Report
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.results import GovernanceReports
from causeway_airflow.tasks import clock
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.boards import VERSIONS_A_PAGE, read_version, table_of
from causeway_airflow.tasks.reports import store_report

log = logging.getLogger(__name__)


def write_reports(
    hook: Hooks, *, report: str, day: str | None, model: str | None
) -> GovernanceReports:
    """Make reports of what the table holds, print them, and store them under the day's name.

    Raises:
        ConfigError: there is no such report or model, or no such day of it.
    """
    asked, accounts = kinds(report), topology()
    of = day_of(day, Day(clock.now().date()), asked)
    table, all_versions = table_of(hook), asked != (Kind.PRODUCTION,)
    views = [
        _view(table, case, spec, of, all_versions=all_versions) for case, spec in _models(model)
    ]
    stored = {}
    for kind in asked:
        made = sheet(kind, views, of, accounts)
        text = made.markdown()
        log.info("%s", text)
        name = f"{of}-{model}" if model else str(of)
        content = {"report": kind.value, "day": str(of), **made.document()}
        uri = store_report(hook, Report(kind, name, of.start, made.figures, content, text))
        stored[kind.value] = uri.removesuffix("json") + "md"
    return GovernanceReports(day=str(of), reports=stored)


def _models(name: str | None) -> list[tuple[UseCase, ModelSpec]]:
    pairs = [(case, model) for case in use_cases() for model in case.models]
    chosen = [(case, model) for case, model in pairs if name in (None, model.name)]
    if not chosen:
        raise ConfigError(
            f"there is no model {name!r}",
            next_step="Leave it empty for every model, or name one of: "
            f"{', '.join(model.name for _, model in pairs)}.",
        )
    return chosen


def _view(
    table: StageTableHook, case: UseCase, model: ModelSpec, day: Day, *, all_versions: bool
) -> ModelView:
    """Read a model: the periods of its endpoint, and the versions that a report is about.

    The index may be a moment behind, so that what was live on the day is read by its key.
    """
    role = AccountRole.PROD
    live = table.live_in([model.name], [role]).get((role, model.name))
    spans = periods(table.history(role, model.name), live)
    arns = {span.live.version_arn for span in spans if span.touches(day)}
    if all_versions:
        arns |= set(_versions(table, model.group))
    newest_first = sorted(arns, key=lambda arn: arn.version, reverse=True)
    views = (read_version(table, case, model, arn) for arn in newest_first)
    return ModelView(case, model, tuple(view for view in views if view), spans)


def _versions(table: StageTableHook, group: str) -> Iterator[ModelPackageArn]:
    below: int | None = None
    while True:
        records, below = table.versions(group, VERSIONS_A_PAGE, below)
        yield from (record.version_arn for record in records)
        if below is None:
            return
