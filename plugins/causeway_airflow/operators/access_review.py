"""Operators of the access review: what grants are used for, and the review itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from causeway.topology.account_roles import AUDITORS, AccountRole
from causeway_airflow.bases.operator import CausewayOperator
from causeway_airflow.notifiers.alerts import run_of
from causeway_airflow.parameters import Kind

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg

    from causeway_airflow.results import AccessReview, GrantUsage
    from causeway_airflow.tasks.preflight import SightDocument


class GrantUsageOperator(CausewayOperator):
    """See in an owner's event history which of its grants were used, as its auditor.

    :param days: how far to look back; CloudTrail keeps 90 days (templated)
    :returns: `GrantUsage`
    """

    template_fields = (*CausewayOperator.template_fields, "days")
    conf_parameters: ClassVar[Mapping[str, Kind]] = {"days": "integer"}

    def __init__(self, *, account_role: str, days: int | str = 90, **kwargs: Any) -> None:
        duty = AUDITORS[AccountRole(account_role).kind]
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.days: Any = days

    def perform(self, context: Context) -> GrantUsage:
        """Look up the calls of each operation that a grant of this owner is for."""
        from causeway_airflow.tasks.access_review import grant_usage

        return grant_usage(self.hook, AccountRole(self.account_role), self.days)


class AccessReviewOperator(CausewayOperator):
    """Compare what was seen with what is declared; log, store, and alert on drift.

    :param sights: what the auditors saw (templated)
    :param usage: what the grants were used for, by account (templated)
    :param days: how far `usage` looks back (templated)
    :param expiring_days: how far ahead an end counts as near (templated)
    :returns: `AccessReview`
    """

    template_fields = (
        *CausewayOperator.template_fields,
        *("sights", "usage", "days", "expiring_days"),
    )
    conf_parameters: ClassVar[Mapping[str, Kind]] = {"days": "integer", "expiring_days": "integer"}

    def __init__(
        self,
        *,
        sights: Sequence[SightDocument | None] | XComArg,
        usage: Sequence[GrantUsage | None] | XComArg,
        days: int | str = 90,
        expiring_days: int | str = 14,
        account_role: str = "governance",
        duty: str = "recorder",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.sights: Any = sights
        self.usage: Any = usage
        self.days: Any = days
        self.expiring_days: Any = expiring_days

    def perform(self, context: Context) -> AccessReview:
        """Raises `SharingError`, once the report is stored, when an account was not looked at."""
        from causeway_airflow.tasks.access_review import review_access

        return review_access(
            self.hook,
            self.sights,
            self.usage,
            days=self.days,
            expiring_days=self.expiring_days,
            run=context["dag_run"].run_id,
            alerts_name=run_of(context),
        )
