"""Looks at how old the feature groups' last ingestions are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from causeway.features.health import health_key, staleness
from causeway.reporting.alerts import Alert, Severity
from causeway.topology.accounts import AccountRole
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.notifiers.alerts import raise_alerts, run_of
from causeway_airflow.operators.base import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class FeatureHealthOperator(CausewayOperator):
    """Raise an alert for each feature group whose last ingestion is older than its contract allows.

    A group without an ingestion so far is judged from its creation; one that does not exist yet, or
    has no `fresh_hours`, is not judged.

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
        known = {group.name: latest.get(health_key(group.name)) for _, group in judged}
        created = self._created([name for name, found in known.items() if not found])
        run = run_of(context)
        stale, alerts = {}, []
        for case, group in judged:
            name = group.name
            late = staleness(group, known[name], now, created.get(name))
            if late is not None:
                stale[name] = _hours(late)
                alerts.append(_alert(name, case.id, stale[name], run, new=name in created))
        raise_alerts(alerts)
        return stale

    def _created(self, groups: list[str]) -> dict[str, datetime]:
        """Return when groups were created, of those that exist."""
        if not groups:
            return {}
        from causeway_airflow.hooks.feature_store import FeatureGroupsHook

        store = FeatureGroupsHook(self.connection("data", "ingester"), self.region_name)
        found = {name: store.find(name) for name in groups}
        return {name: one["CreationTime"] for name, one in found.items() if one}


def _alert(group: str, case: str, late: float, run: str, *, new: bool) -> Alert:
    places = topology()
    account = places.account(AccountRole.DATA)
    what = "its first ingestion" if new else "its next ingestion"
    return Alert(
        what=f"feature group {group} is stale: {what} is {late:g} hours late",
        severity=Severity.WARNING,
        account=account,
        subject=f"arn:aws:sagemaker:{places.region}:{account}:feature-group/{group}",
        next_step=f"Run {case}__features, or find out why its source brings nothing new.",
        run=run,
    )


def _hours(late: timedelta) -> float:
    return round(late.total_seconds() / 3600, 1)
