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
            hit[resource]
            for side in ("SameAccount", "CrossAccount")
            for hit in self.pages(
                "search",
                "Results",
                Resource=resource,
                CrossAccountFilterOption=side,
                MaxResults=100,
            )
        ]
