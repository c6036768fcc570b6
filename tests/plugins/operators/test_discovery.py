"""What an account finds on the local AWS: across its border, with and without access."""

from __future__ import annotations

import pytest

from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context


def discover(**question: str) -> dict[str, dict[str, object]]:
    from causeway_airflow.operators.discovery import DiscoverFeaturesOperator

    hits = DiscoverFeaturesOperator(task_id="discover", **question).perform(context())
    return {hit["name"]: hit for hit in hits}


@pytest.fixture(scope="module")
def stranger(shared: LocalPlatform) -> str:
    """A feature group of the data account that is discoverable and shared with nobody."""
    name = "not-of-this-project"
    shared.client("sagemaker", "data").create_feature_group(
        FeatureGroupName=name,
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="at",
        FeatureDefinitions=[
            {"FeatureName": "id", "FeatureType": "String"},
            {"FeatureName": "at", "FeatureType": "String"},
            {"FeatureName": "rainfall", "FeatureType": "Fractional"},
        ],
        OnlineStoreConfig={"EnableOnlineStore": True},
    )
    return name


def test_shared_groups_are_found_with_owner_access_and_consumers(shared: LocalPlatform) -> None:
    from causeway_airflow.configuration import case_of

    hit = discover(text="landline")["credit-risk-applicant"]
    assert hit["access"] == "shared"
    assert hit["account"] == "111111111111"
    assert hit["owner"] == case_of("credit_risk").owner
    assert hit["consumers"] == ("222222222222",)
    assert [feature["name"] for feature in hit["features"]] == ["telephone"]


def test_a_group_that_is_not_shared_is_found_with_whom_to_ask(
    shared: LocalPlatform, stranger: str
) -> None:
    (hit,) = discover(text="rainfall").values()
    assert (hit["name"], hit["access"]) == (stranger, "discoverable, not shared")
    assert "ask the owner of account 111111111111" in str(hit["ask"])
