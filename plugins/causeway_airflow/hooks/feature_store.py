"""The control plane of the feature store: definitions of feature groups.

A bare name addresses a group of the caller's own account, an ARN another account's.
"""

from __future__ import annotations

from typing import Any

from causeway_airflow.hooks.base import AwsCallError, CausewayHook


class FeatureGroupsHook(CausewayHook):
    """Feature groups as one principal sees them."""

    service = "sagemaker"

    def describe(self, group: str) -> dict[str, Any]:
        """Return a feature group. Raises `AwsCallError` (`missing`) when there is none."""
        return self.call("describe_feature_group", FeatureGroupName=group)

    def find(self, group: str) -> dict[str, Any] | None:
        """Return a feature group by name or ARN, or None when there is none."""
        try:
            return self.describe(group)
        except AwsCallError as error:
            if error.missing:
                return None
            raise
