"""What production's endpoints serve, compared with what the table says is live.

A deployment that died, a state that was set by hand and a change behind everybody's back all leave
an endpoint that serves something else than what is recorded.
"""

from __future__ import annotations

from datetime import UTC, datetime

from causeway.deployment.leases import Live
from causeway.reporting.alerts import Alert, Severity
from causeway.topology.account_roles import AUDITORS, AccountRole
from causeway.use_cases.use_case import ModelSpec
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.hooks.endpoints import EndpointsHook
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.alerts import raise_alerts
from causeway_airflow.tasks.stage_records import stage_table

#: The statuses of an endpoint that serves.
SERVES = ("InService", "Updating", "SystemUpdating", "RollingBack")


def compare(hook: Hooks, run: str) -> dict[str, str]:
    """Raise an alert for each model whose endpoint serves other than what is recorded."""
    table = stage_table(hook)
    endpoints = hook(EndpointsHook, AccountRole.PROD, AUDITORS[AccountRole.PROD])
    models = [model for case in use_cases() for model in case.models]
    problems = [
        (model, problem) for model in models if (problem := _problem(table, endpoints, model))
    ]
    raise_alerts(hook, [_alert(model, problem, run) for model, problem in problems])
    return {model.name: problem for model, problem in problems}


def _problem(table: StageTableHook, endpoints: EndpointsHook, model: ModelSpec) -> str | None:
    """Return what is wrong with a model's endpoint; None while a run changes it."""
    observed = endpoints.serving(model.endpoint)
    # Read after the endpoint: what a run began meanwhile has its lease by now.
    lease = table.lease(AccountRole.PROD, model.name)
    if lease is not None and lease.lease_until > datetime.now(UTC):
        return None
    live = table.live(AccountRole.PROD, model.name)
    recorded = live if live and not live.removed_at else None
    if observed.status in (None, "Deleting"):
        return "it is gone" if recorded else None
    if observed.status not in SERVES:
        return f"it is {observed.status}"
    if recorded is None:
        return f"it serves {observed.endpoint_config}, and nothing is recorded as live"
    return _difference(recorded, observed.endpoint_config)


def _difference(live: Live, config: str | None) -> str | None:
    if config == live.endpoint_config:
        return None
    return f"it serves {config}; recorded as live is {live.version_arn} ({live.endpoint_config})"


def _alert(model: ModelSpec, problem: str, run: str) -> Alert:
    return Alert(
        what=f"endpoint {model.endpoint} is not what is recorded as live: {problem}",
        severity=Severity.CRITICAL,
        account=topology().account(AccountRole.PROD),
        subject=model.name,
        next_step=f"Look at the latest runs of {model.name}__promotion and {model.name}__rollback "
        "and clear the task that failed; if none did, find out in CloudTrail who changed the "
        "endpoint, and roll back.",
        run=run,
    )
