"""The topic of alerts in the governance account."""

from __future__ import annotations

from causeway.reporting.alerts import Alert
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.base import CausewayHook


class AlertsHook(CausewayHook):
    """Publishes alerts."""

    service = "sns"

    def publish(self, alert: Alert) -> None:
        """Publish one alert to everybody who subscribed."""
        self.call("publish", **alert.request(topology()))
