"""The access review: what grants are used for, and what is there against what is declared."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta

from causeway.access.review import Window, review
from causeway.access.review_report import alerts, counts, document, markdown
from causeway.access.usage import in_use, operations_of
from causeway.errors import SharingError
from causeway.reporting.reports import ACCESS_REVIEW, Report
from causeway.topology.account_roles import AUDITORS, AccountRole
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.audit_log import AuditLogHook
from causeway_airflow.results import AccessReview, GrantUsage
from causeway_airflow.tasks import clock
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.alerts import raise_alerts
from causeway_airflow.tasks.declared_access import declared_grants
from causeway_airflow.tasks.preflight import SightDocument, sights_of
from causeway_airflow.tasks.reports import store_report

log = logging.getLogger(__name__)


def grant_usage(hook: Hooks, owner: AccountRole, days: int) -> GrantUsage:
    """Look up in an owner's event history the calls that its grants are for."""
    accounts, grants = topology(), declared_grants(owner)
    audit_log, since = hook(AuditLogHook), clock.now() - timedelta(days=days)
    events = [event for name in operations_of(grants) for event in audit_log.calls(name, since)]
    uses = [list(use) for use in in_use(grants, events, accounts)]
    return GrantUsage(account=accounts.account(owner), uses=uses)


def review_access(
    hook: Hooks,
    documents: Iterable[SightDocument | None],
    usage: Iterable[GrantUsage | None],
    *,
    days: int,
    expiring_days: int,
    run: str,
    alerts_name: str,
) -> AccessReview:
    """Compare what was seen with what is declared; log, store, and raise an alert for each drift.

    `alerts_name` is how alerts call the run.

    Raises:
        SharingError: an account was not looked at; the report is stored by then.
    """
    accounts, grants, sights = topology(), declared_grants(), sights_of(documents)
    window = Window(clock.now(), timedelta(days), timedelta(expiring_days))
    uses = {
        of_owner["account"]: [
            (resource, account, grant) for resource, account, grant in of_owner["uses"]
        ]
        for of_owner in usage
        if of_owner
    }
    findings = review(grants, sights, uses, accounts, window)
    text = markdown(findings, grants, run, window)
    log.info("%s", text)
    content = document(findings, grants, run, window)
    report = Report(ACCESS_REVIEW, run, window.now, counts(findings), content, text)
    uri = store_report(hook, report)
    raised = raise_alerts(hook, alerts(findings, alerts_name))
    unseen = {accounts.account(role) for role in accounts.roles if role.kind in AUDITORS} - {
        sight.account for sight in sights
    }
    if unseen:
        raise SharingError(
            f"nobody could look at {', '.join(sorted(unseen))}; the rest is in {uri}",
            next_step="Read the log of observe_access for that account, then clear it.",
        )
    return AccessReview(findings=counts(findings), alerts=raised, report=uri)
