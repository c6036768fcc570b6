"""Alerts that a task raises: logged and published, as the alerter of the governance account."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from causeway.reporting.alerts import Alert
from causeway.topology.account_roles import AccountRole
from causeway_airflow.hooks.alerts import AlertsHook
from causeway_airflow.tasks.acting import Hooks

log = logging.getLogger(__name__)


def raise_alerts(hook: Hooks, alerts: Iterable[Alert]) -> int:
    """Log and publish alerts and return how many there were.

    Raises:
        AwsCallError: one cannot be published; a task whose alert nobody hears has not done its
            work.
    """
    raised = list(alerts)
    for alert in raised:
        log.warning("%s", alert)
    for alert in raised:
        hook(AlertsHook, AccountRole.GOVERNANCE, "alerter").publish(alert)
    return len(raised)
