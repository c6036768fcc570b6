"""What other accounts let this one find in SageMaker."""

from __future__ import annotations

from causeway_airflow.hooks.base import CausewayHook


class SharedWithMeHook(CausewayHook):
    """The consumer's lists across accounts."""

    service = "sagemaker"

    def feature_groups(self) -> tuple[str, ...]:
        """Return the ARNs of the feature groups in the catalogs that others share.

        To find a group is not to reach it: describing and reading need a grant on the group.
        """
        found = self.pages(
            "search",
            "Results",
            Resource="FeatureGroup",
            CrossAccountFilterOption="CrossAccount",
            MaxResults=100,
        )
        return tuple(sorted(one["FeatureGroup"]["FeatureGroupArn"] for one in found))

    def model_groups(self) -> tuple[str, ...]:
        """Return the ARNs of the model package groups that others share."""
        found = self.pages(
            "list_model_package_groups",
            "ModelPackageGroupSummaryList",
            CrossAccountFilterOption="CrossAccount",
        )
        return tuple(sorted(one["ModelPackageGroupArn"] for one in found))
