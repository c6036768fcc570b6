"""Alerts that a task raises reach whoever subscribed, as the alerter's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from causeway.reporting.alerts import Alert, Severity

ALERT = Alert("drift", Severity.WARNING, "111111111111", "arn:aws:x", "Look.", "d r")


def test_a_subscribed_queue_receives_an_alert(heard: Callable[[], list[dict[str, Any]]]) -> None:
    from causeway_airflow.operators.governance import SyncOperator
    from causeway_airflow.tasks.alerts import raise_alerts

    hook = SyncOperator(task_id="sync").hook
    assert raise_alerts(hook, [ALERT]) == 1
    assert heard() == [ALERT.body()]
    assert raise_alerts(hook, []) == 0
