"""Reports of the lineage, stored beside the other reports; and whether a feature may go."""

from __future__ import annotations

import logging
import re

from causeway.errors import NotFound, UnexpectedState
from causeway.governance_reports.sheets import Sheet
from causeway.lineage.sheets import retirement_sheet, version_sheet
from causeway.reporting.reports import Report
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageGroupArn
from causeway.use_cases.use_case import ModelSpec
from causeway_airflow.configuration import topology
from causeway_airflow.results import LineageReport
from causeway_airflow.tasks import clock
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.boards import table_of
from causeway_airflow.tasks.lineage_index import lineage
from causeway_airflow.tasks.pdfs import pdf
from causeway_airflow.tasks.reports import store_pdf, store_report

log = logging.getLogger(__name__)


class FeatureInUse(UnexpectedState):
    """A live endpoint depends on a feature that is to go."""


def report_version(hook: Hooks, model: ModelSpec, number: int | None) -> LineageReport:
    """Store the audit view of a version: the one that is named, or the one that is live.

    Raises:
        NotFound: nothing is live, or the lineage knows no such version.
    """
    group = ModelPackageGroupArn.of(topology(), AccountRole.SHARED_SERVICES, model.group)
    if number is None:
        key = (AccountRole.PROD, model.name)
        live = table_of(hook).live_in([model.name], [AccountRole.PROD]).get(key)
        if live is None or live.removed_at:
            raise NotFound(
                f"nothing of {model.name} is live in production",
                next_step="Name a version in `version`.",
            )
        number = live.version_arn.version
    sheet = version_sheet(lineage(hook), str(group.version(number)))
    return _store(hook, "lineage", f"{model.name}-v{number}", sheet)


def judge_retirement(hook: Hooks, feature: str, reason: str) -> LineageReport:
    """Store what depends on a feature, or a feature group, that is to go; refuse if that is live.

    Raises:
        FeatureInUse: a live endpoint depends on it; the report says which, and whom to tell.
        NotFound: the lineage knows no such feature.
    """
    sheet = retirement_sheet(lineage(hook), feature, reason)
    stored = _store(hook, "feature-retirement", re.sub(r"[^A-Za-z0-9.-]+", "-", feature), sheet)
    if sheet.figures["live_endpoints"]:
        endpoints = "; ".join(" ".join(row) for row in sheet.tables[0].rows)
        raise FeatureInUse(
            f"{feature} may not go: {sheet.figures['live_endpoints']} live endpoints depend on it: "
            f"{endpoints}",
            next_step=f"Tell {', '.join(row[0] for row in sheet.tables[-1].rows) or 'the owners'}; "
            f"once their endpoints serve versions without it, run this again. {stored['report']}",
        )
    return stored


def _store(hook: Hooks, kind: str, name: str, sheet: Sheet) -> LineageReport:
    now = clock.now()
    run = f"{name}-{now:%Y-%m-%d}"
    report = Report(kind, run, now, sheet.figures, sheet.document(), sheet.markdown())
    log.info("%s", report.markdown)
    uri = store_report(hook, report)
    store_pdf(hook, report, pdf(sheet, now))
    return {"report": f"{uri.removesuffix('json')}md", "figures": dict(sheet.figures)}
