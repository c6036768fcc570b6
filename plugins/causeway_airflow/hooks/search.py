"""What an account can find: SageMaker's `Search` over its own and over discoverable groups."""

from __future__ import annotations

from typing import Any

from causeway_airflow.hooks.base import CausewayHook


class SearchHook(CausewayHook):
    """SageMaker's search, on both sides of the account's border."""

    service = "sagemaker"

    def feature_groups(self) -> list[dict[str, Any]]:
        """Return the `FeatureGroup` records of this account and of discoverable ones."""
        return self._everywhere("FeatureGroup")

    def features(self) -> list[dict[str, Any]]:
        """Return the `FeatureMetadata` records of this account and of discoverable ones."""
        return self._everywhere("FeatureMetadata")

    def _everywhere(self, resource: str) -> list[dict[str, Any]]:
        # Sides are two questions: a search is of the own account unless it says CrossAccount.
        return [
            found[resource]
            for side in ("SameAccount", "CrossAccount")
            for found in self.pages(
                "search",
                "Results",
                Resource=resource,
                CrossAccountFilterOption=side,
                MaxResults=100,
            )
        ]


class ReceivedHook(CausewayHook):
    """What RAM says is shared with an account."""

    service = "ram"

    def feature_groups(self) -> frozenset[str]:
        """Return the ARNs of the feature groups shared with this account."""
        found = self.pages(
            "list_resources",
            "resources",
            resourceOwner="OTHER-ACCOUNTS",
            resourceType="sagemaker:FeatureGroup",
        )
        return frozenset(one["arn"] for one in found)
