"""What an owner's account has to share: which resources exist, and the model groups' policies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from causeway.sharing.actions import Action
from causeway.topology.access_rules import ResourceKind
from causeway.topology.arns import ModelPackageGroupArn
from causeway_airflow.hooks.base import AwsCallError, CausewayHook

#: How each kind is listed: operation, key of the list, key of the ARN. The catalog is created by
#: its listing (SageMaker developer guide: call it before the share), so it comes first.
LISTS: Final = {
    ResourceKind.FEATURE_CATALOG: (
        "list_resource_catalogs",
        "ResourceCatalogs",
        "ResourceCatalogArn",
    ),
    ResourceKind.FEATURE_GROUPS: (
        "list_feature_groups",
        "FeatureGroupSummaries",
        "FeatureGroupArn",
    ),
    ResourceKind.MODEL_GROUPS: (
        "list_model_package_groups",
        "ModelPackageGroupSummaryList",
        "ModelPackageGroupArn",
    ),
    ResourceKind.MODEL_CARDS: ("list_model_cards", "ModelCardSummaries", "ModelCardArn"),
    ResourceKind.LINEAGE_GROUP: (
        "list_lineage_groups",
        "LineageGroupSummaries",
        "LineageGroupArn",
    ),
}


class OwnedResourcesHook(CausewayHook):
    """The resources of the caller's own account that can be shared."""

    service = "sagemaker"

    def existing(self, kinds: Iterable[ResourceKind]) -> frozenset[str]:
        """Return the ARNs of everything of these kinds, one paged list for each kind."""
        listed = set(kinds)
        return frozenset(
            resource[arn]
            for kind, (operation, key, arn) in LISTS.items()
            if kind in listed
            for resource in self.pages(operation, key)
        )

    def card_statuses(self) -> dict[str, str]:
        """Return the status of every model card by its ARN."""
        cards = self.pages("list_model_cards", "ModelCardSummaries")
        return {card["ModelCardArn"]: str(card["ModelCardStatus"]) for card in cards}

    def policies(self, groups: Iterable[str]) -> dict[str, str]:
        """Return the resource policies of model groups by ARN; a group without one is left out."""
        policies: dict[str, str] = {}
        for group in groups:
            try:
                answer = self.call(
                    "get_model_package_group_policy",
                    ModelPackageGroupName=ModelPackageGroupArn.parse(group).name,
                )
            except AwsCallError as error:
                if not error.missing:
                    raise
            else:
                policies[group] = answer["ResourcePolicy"]
        return policies

    def latest_version(self, group: str) -> str | None:
        """Return the ARN of the latest version of a model group, None when it has none."""
        reply = self.call(
            "list_model_packages",
            ModelPackageGroupName=group,
            SortBy="CreationTime",
            SortOrder="Descending",
            MaxResults=1,
        )
        versions = reply["ModelPackageSummaryList"]
        return str(versions[0]["ModelPackageArn"]) if versions else None

    def apply(self, action: Action) -> None:
        """Write or delete a model group's policy."""
        self.call(action.operation, **action.request())
