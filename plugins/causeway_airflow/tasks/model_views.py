"""Models as reports and the pages of a day read them from the governance table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from causeway.deployment.periods import periods
from causeway.governance.use_case_record import UseCaseRecord
from causeway.governance_reports.production import Served, served_on
from causeway.governance_reports.views import ModelView
from causeway.instants import Day
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.tasks import clock
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.boards import VERSIONS_A_PAGE, read_version, table_of


def live_on(
    hook: Hooks, models: Iterable[tuple[UseCase, ModelSpec]], day: Day
) -> tuple[Served, ...]:
    """Return what production served of models at any time of a day, and who let it in."""
    table = table_of(hook)
    views = [model_view(table, case, model, day) for case, model in models]
    return served_on(views, day, topology(), clock.now())


def model_view(
    table: StageTableHook,
    case: UseCase,
    model: ModelSpec,
    day: Day,
    *,
    all_versions: bool = False,
    record: UseCaseRecord | None = None,
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
    return ModelView(case, model, tuple(view for view in views if view), spans, record)


def _versions(table: StageTableHook, group: str) -> Iterator[ModelPackageArn]:
    below: int | None = None
    while True:
        records, below = table.versions(group, VERSIONS_A_PAGE, below)
        yield from (record.version_arn for record in records)
        if below is None:
            return
