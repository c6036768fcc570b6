"""Looks at how old the feature groups' last ingestions are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from causeway.accounts import AccountRole
from causeway.alerts import Alert, Severity
from causeway.ingest_summary import health_key, staleness
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.notifiers.alerts import raise_alerts, run_of
from causeway_airflow.operators.base import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class FeatureHealthOperator(CausewayOperator):
    """Raise an alert for each feature group whose last ingestion is older than its contract allows.

    A group without `fresh_hours`, or without an ingestion so far, is not judged.

    :returns: by group that is stale, for how many hours
    """

    def __init__(
        self, *, account_role: str = "governance", duty: str = "recorder", **kwargs: Any
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> dict[str, float]:
        """Read the latest summaries, judge, alert."""
        from causeway_airflow.hooks.governance import GovernanceHook

        now = datetime.now(UTC)
        judged = [
            (case, group)
            for case in use_cases()
            for group in case.feature_groups
            if group.fresh_hours is not None
        ]
        table = GovernanceHook(self.connection(), self.region_name)
        latest = table.get_many(health_key(group.name) for _, group in judged)
        stale = {
            group.name: (case.id, late)
            for case, group in judged
            if (late := staleness(group, latest.get(health_key(group.name)), now)) is not None
        }
        run = run_of(context)
        raise_alerts(_alert(name, case, late, run) for name, (case, late) in stale.items())
        return {name: _hours(late) for name, (_, late) in stale.items()}


def _alert(group: str, case: str, late: timedelta, run: str) -> Alert:
    places = topology()
    account = places.account(AccountRole.DATA)
    return Alert(
        what=f"feature group {group} is stale: its next ingestion is {_hours(late):g} hours late",
        severity=Severity.WARNING,
        account=account,
        subject=f"arn:aws:sagemaker:{places.region}:{account}:feature-group/{group}",
        next_step=f"Run {case}__features, or find out why its source brings nothing new.",
        run=run,
    )


def _hours(late: timedelta) -> float:
    return round(late.total_seconds() / 3600, 1)
