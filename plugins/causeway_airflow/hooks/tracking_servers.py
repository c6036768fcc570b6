"""Managed MLflow servers of an account."""

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

    def meaning(self, server: Mapping[str, Any] | None) -> Meaning:
        """Return what the status of a server means; there is none: it is gone."""
        if server is None:
            return Meaning.GONE
        return meaning("TrackingServerStatus", server["TrackingServerStatus"])
