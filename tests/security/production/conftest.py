"""The tries into production run the real operators on a local AWS that is set up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.local_platform import LocalPlatform

#: What was to be seen in the accounts at one moment.
Seen = dict[str, Any]


@pytest.fixture
def seen(shared: LocalPlatform) -> Callable[[], Seen]:
    """What a try could have changed: the governance table, endpoints, cards, versions."""

    def look() -> Seen:
        registry = shared.client("sagemaker", "shared_services")
        items = shared.client("dynamodb", "governance").scan(TableName="causeway-governance")
        cards = registry.list_model_cards()["ModelCardSummaries"]
        return {
            "items": sorted(items["Items"], key=lambda item: (item["pk"]["S"], item["sk"]["S"])),
            "cards": {
                card["ModelCardName"]: registry.describe_model_card(
                    ModelCardName=card["ModelCardName"]
                )["ModelCardVersion"]
                for card in cards
            },
            "versions": {
                version["ModelPackageArn"]
                for group in ("credit-risk", "california-housing")
                for version in registry.list_model_packages(
                    ModelPackageGroupName=group, MaxResults=100
                )["ModelPackageSummaryList"]
            },
            **{
                f"{kind} in {role}": getattr(shared.client("sagemaker", role), call)()[kind]
                for role in ("test", "prod")
                for kind, call in (("Endpoints", "list_endpoints"), ("Models", "list_models"))
            },
        }

    return look
