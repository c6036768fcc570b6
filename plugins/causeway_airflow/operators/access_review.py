"""Operators of the access review: what grants are used for, and the review itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from causeway.access.review import Window, review
from causeway.access.review_report import alerts, counts, document, markdown
from causeway.access.usage import in_use, operations_of
from causeway.errors import SharingError
from causeway.reporting.reports import ACCESS_REVIEW, Report
from causeway.sharing.grants import DesiredGrant, desired_grants
from causeway.topology.accounts import AUDITORS, AccountRole
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.notifiers.alerts import raise_alerts, run_of
from causeway_airflow.operators.access import sights_of
from causeway_airflow.operators.base import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class GrantUsageOperator(CausewayOperator):
    """See in an owner's event history which of its grants were used, as its auditor.

    :param days: how far to look back; CloudTrail keeps 90 days (templated)
    :returns: `{"account", "uses"}`
    """

    template_fields = (*CausewayOperator.template_fields, "days")

    def __init__(self, *, account_role: str, days: int | str = 90, **kwargs: Any) -> None:
        duty = AUDITORS[AccountRole(account_role)]
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.days = days

    def perform(self, context: Context) -> dict[str, Any]:
        """Look up the calls of each operation that a grant of this owner is for."""
        from causeway_airflow.hooks.audit_log import AuditLogHook

        places = topology()
        owner = places.account(AccountRole(self.account_role))
        mine = [grant for grant in declared_grants() if grant.owner == owner]
        hook = AuditLogHook(self.connection(), self.region_name)
        since = datetime.now(UTC) - timedelta(days=int(self.days))
        events = [event for name in operations_of(mine) for event in hook.calls(name, since)]
        return {"account": owner, "uses": [list(use) for use in in_use(mine, events, places)]}


class AccessReviewOperator(CausewayOperator):
    """Hold what was seen against what is declared; log, store, and alert on drift.

    :param sights: what the auditors saw (templated)
    :param usage: what the grants were used for, by account (templated)
    :param days: how far `usage` looks back (templated)
    :param expiring_days: how far ahead an end counts as near (templated)
    :returns: `{"findings", "alerts", "report"}`
    """

    template_fields = (
        *CausewayOperator.template_fields,
        *("sights", "usage", "days", "expiring_days"),
    )

    def __init__(
        self,
        *,
        sights: Any,
        usage: Any,
        days: int | str = 90,
        expiring_days: int | str = 14,
        account_role: str = "governance",
        duty: str = "recorder",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.sights = sights
        self.usage = usage
        self.days = days
        self.expiring_days = expiring_days

    def perform(self, context: Context) -> dict[str, Any]:
        """Raises `SharingError`, once the report is stored, when an account was not looked at."""
        from causeway_airflow.tasks.reports import store_report

        places, run, at = topology(), context["dag_run"].run_id, datetime.now(UTC)
        window = Window(at, timedelta(int(self.days)), timedelta(int(self.expiring_days)))
        grants, seen = declared_grants(), sights_of(self.sights)
        uses = {
            one["account"]: [(use[0], use[1], use[2]) for use in one["uses"]]
            for one in self.usage
            if one
        }
        found = review(grants, seen, uses, places, window)
        text = markdown(found, grants, run, window)
        self.log.info("%s", text)
        content = document(found, grants, run, window)
        report = Report(ACCESS_REVIEW, run, at, counts(found), content, text)
        uri = store_report(report, places, self.region_name)
        raised = raise_alerts(alerts(found, run_of(context)))
        unseen = {places.account(role) for role in AUDITORS} - {sight.account for sight in seen}
        if unseen:
            raise SharingError(
                f"nobody could look at {', '.join(sorted(unseen))}; the rest is in {uri}",
                next_step="Read the log of observe_access for that account, then clear it.",
            )
        return {"findings": counts(found), "alerts": raised, "report": uri}


def declared_grants() -> tuple[DesiredGrant, ...]:
    """Return the grants that are declared now."""
    return desired_grants(use_cases(), topology(), datetime.now(UTC))
