"""Alerts of tasks that failed; what a task itself alerts goes through `tasks.alerts`.

Cheap to import when a DAG is parsed: the hook is only imported when there is something to publish.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

from causeway.errors import CausewayError
from causeway.reporting.alerts import Alert, Severity
from causeway.topology.account_roles import AccountRole
from causeway.topology.connections import connection_id, connections
from causeway_airflow.configuration import topology

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

CONNECTION = connection_id(AccountRole.GOVERNANCE, "alerter")


def run_of(context: Context | dict[str, Any]) -> str:
    """Return the DAG run of a context, as alerts name it."""
    run = context["dag_run"]
    return f"{getattr(run, 'dag_id', '?')} {run.run_id}"


class FailureNotifier(BaseNotifier):
    """Raises an alert when a task has failed for good; for `on_failure_callback`.

    :param severity: `warning` or `critical`
    """

    def __init__(self, severity: str = Severity.WARNING) -> None:
        super().__init__()
        self.severity = Severity(severity)

    def notify(self, context: Context) -> None:
        """Publish the failure; the task's own error stays the one that counts."""
        from causeway_airflow.hooks.alerts import AlertsHook

        alert = failure(context, self.severity)
        log.warning(str(alert))
        AlertsHook(CONNECTION, topology().region).publish(alert)


def failure(context: Context | dict[str, Any], severity: Severity) -> Alert:
    """Return the alert of a failed task: what its error says, and the account it acted in."""
    task, error = context["task"], context.get("exception")
    cause = _cause(error)
    accounts, role = topology(), getattr(task, "account_role", None)
    where = AccountRole(role) if role in set(AccountRole) else AccountRole.GOVERNANCE
    account = (cause.account if cause else None) or accounts.account(where)
    return Alert(
        what=f"{context['ti'].task_id} failed: {cause.what if cause else _first_line(error)}",
        severity=severity,
        account=account,
        subject=_principal(where, getattr(task, "duty", "")),
        next_step=(cause.next_step if cause else None)
        or "Read the task's log, fix the cause and clear the task.",
        run=run_of(context),
    )


def _cause(error: object) -> CausewayError | None:
    """Return the error of ours that a task failed with; it knows account and next step.

    The base operator wraps an error that a retry cannot fix in one of Airflow's.
    """
    wrapped = error.__cause__ if isinstance(error, BaseException) else None
    return next((e for e in (wrapped, error) if isinstance(e, CausewayError)), None)


def _principal(role: AccountRole, duty: str) -> str:
    accounts = topology()
    roles = {c.duty: c.role_arn for c in connections(accounts) if c.role is role}
    return roles.get(duty) or accounts.root_arn(role)


def _first_line(error: object) -> str:
    text = str(error or "no error was given").strip().splitlines()
    kind = type(error).__name__ if isinstance(error, BaseException) else "error"
    return f"{kind}: {text[0] if text else 'without words'}"
