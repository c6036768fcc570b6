"""The age of the feature groups' last ingestions, judged by what their contracts allow."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from causeway.features.health import health_key, staleness
from causeway.reporting.alerts import Alert, Severity
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import FeatureGroupArn
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.hooks.feature_store import FeatureGroupsHook
from causeway_airflow.hooks.governance import GovernanceHook
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.alerts import raise_alerts


def judge(hook: Hooks, run: str) -> dict[str, float]:
    """Raise an alert for each group that is stale; return for how many hours, by group."""
    now = datetime.now(UTC)
    judged = [
        (case, group)
        for case in use_cases()
        for group in case.feature_groups
        if group.fresh_hours is not None
    ]
    latest = hook(GovernanceHook).get_many(health_key(group.name) for _, group in judged)
    summaries = {group.name: latest.get(health_key(group.name)) for _, group in judged}
    created = _created(hook, (name for name, summary in summaries.items() if not summary))
    stale, alerts = {}, []
    for case, group in judged:
        name = group.name
        late = staleness(group, summaries[name], now, created.get(name))
        if late is not None:
            stale[name] = _hours(late)
            new = name in created
            alerts.append(_alert(name, case.id, stale[name], run, group.raw_source, new=new))
    raise_alerts(hook, alerts)
    return stale


def _created(hook: Hooks, groups: Iterable[str]) -> dict[str, datetime]:
    """Return when groups were created, of those that exist."""
    descriptions = {
        name: hook(FeatureGroupsHook, AccountRole.DATA, "ingester").find(name) for name in groups
    }
    return {
        name: description["CreationTime"]
        for name, description in descriptions.items()
        if description
    }


def _alert(group: str, case: str, late: float, run: str, source: str | None, *, new: bool) -> Alert:
    accounts, of = topology(), f" for its source {source}" if source else ""
    what = "its first ingestion" if new else "its next ingestion"
    return Alert(
        what=f"feature group {group} is stale: {what} is {late:g} hours late",
        severity=Severity.WARNING,
        account=accounts.account(AccountRole.DATA),
        subject=str(FeatureGroupArn.of(accounts, AccountRole.DATA, group)),
        next_step=f"Run {case}__features{of}, or find out why its source brings nothing new.",
        run=run,
    )


def _hours(late: timedelta) -> float:
    return round(late.total_seconds() / 3600, 1)
