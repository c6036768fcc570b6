"""What other accounts let this one find and describe in SageMaker."""

from __future__ import annotations

from typing import Final

from causeway.topology.access_rules import ResourceKind
from causeway_airflow.hooks.base import CausewayHook

#: How each kind of shared resource is described by its ARN: the operation and its parameter.
DESCRIPTIONS: Final = {
    ResourceKind.FEATURE_GROUPS: ("describe_feature_group", "FeatureGroupName"),
    ResourceKind.MODEL_GROUPS: ("describe_model_package_group", "ModelPackageGroupName"),
    ResourceKind.MODEL_CARDS: ("describe_model_card", "ModelCardName"),
}


class SharedWithMeHook(CausewayHook):
    """The consumer's calls across accounts."""

    service = "sagemaker"

    def feature_groups(self) -> tuple[str, ...]:
        """Return the ARNs of the feature groups in the catalogs that others share.

        To find a group is not to reach it: describing and reading need a grant on the group.
        """
        hits = self.pages(
            "search",
            "Results",
            Resource="FeatureGroup",
            CrossAccountFilterOption="CrossAccount",
            MaxResults=100,
        )
        return tuple(sorted(hit["FeatureGroup"]["FeatureGroupArn"] for hit in hits))

    def model_groups(self) -> tuple[str, ...]:
        """Return the ARNs of the model package groups that others share."""
        groups = self.pages(
            "list_model_package_groups",
            "ModelPackageGroupSummaryList",
            CrossAccountFilterOption="CrossAccount",
        )
        return tuple(sorted(group["ModelPackageGroupArn"] for group in groups))

    def describe(self, kind: ResourceKind, arn: str) -> None:
        """Describe a shared resource by its ARN.

        Raises:
            AwsCallError: it is not shared, or this role may not describe it (`denied`).
        """
        operation, parameter = DESCRIPTIONS[kind]
        self.call(operation, **{parameter: arn})
