"""What an owner's account has to share: which resources exist, and the model groups' policies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from causeway.sharing.actions import Action
from causeway.topology.access_rules import ResourceKind
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
        wanted = set(kinds)
        return frozenset(
            found[arn]
            for kind, (operation, key, arn) in LISTS.items()
            if kind in wanted
            for found in self.pages(operation, key)
        )

    def card_statuses(self) -> dict[str, str]:
        """Return the status of every model card by its ARN."""
        cards = self.pages("list_model_cards", "ModelCardSummaries")
        return {card["ModelCardArn"]: str(card["ModelCardStatus"]) for card in cards}

    def policies(self, groups: Iterable[str]) -> dict[str, str]:
        """Return the resource policies of model groups by ARN; a group without one is left out."""
        found: dict[str, str] = {}
        for group in groups:
            try:
                answer = self.call(
                    "get_model_package_group_policy",
                    ModelPackageGroupName=group.rpartition("/")[2],
                )
            except AwsCallError as error:
                if not error.missing:
                    raise
            else:
                found[group] = answer["ResourcePolicy"]
        return found

    def apply(self, action: Action) -> None:
        """Write or delete a model group's policy."""
        self.call(action.operation, **action.request())
