"""Managed MLflow servers of an account: made, started, looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from causeway.statuses import Meaning, meaning
from causeway_airflow.hooks.base import AwsCallError, CausewayHook


class TrackingServersHook(CausewayHook):
    """The tracking servers of one account."""

    service = "sagemaker"

    def describe(self, name: str) -> dict[str, Any] | None:
        """Return a server, None when there is none."""
        try:
            return self.call("describe_mlflow_tracking_server", TrackingServerName=name)
        except AwsCallError as error:
            if error.missing:
                return None
            raise

    def ensure(self, request: Mapping[str, Any]) -> Meaning:
        """Make the server when it is missing, start it when it is stopped; say how it is now."""
        name = request["TrackingServerName"]
        found = self.describe(name)
        if found is None:
            try:
                self.call("create_mlflow_tracking_server", **request)
            except AwsCallError as error:
                if not error.exists:  # somebody else was quicker
                    raise
            return Meaning.WAITING
        state = meaning("TrackingServerStatus", found["TrackingServerStatus"])
        if state is Meaning.GONE:
            self.call("start_mlflow_tracking_server", TrackingServerName=name)
            return Meaning.WAITING
        return state
