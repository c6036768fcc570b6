"""What changes after a feature group was made: its features, what is said of them, its records."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localaws.conftest import Aws
from tests.localaws.features import (
    ARN,
    CONSUMER,
    DEFINITION,
    NAME,
    OWNER,
    T1,
    T2,
    T3,
    create,
    record,
)
from tests.localaws.shapes import checked
from tests.localaws.sharing import CATALOG_SEARCH, share
from tests.localaws.waiting import eventually
from tests.refusals import refused

KEY = {"FeatureGroupName": NAME, "RecordIdentifierValueAsString": "sgc-000001"}


@pytest.fixture
def updatable(sagemaker: Any) -> str:
    online = {"EnableOnlineStore": True, "StorageType": "Standard_V2"}
    assert create(sagemaker, OnlineStoreConfig=online)["FeatureGroupStatus"] == "Created"
    return NAME


def read_record(runtime: Any) -> dict[str, str]:
    reply = runtime.get_record(**KEY)
    return {value["FeatureName"]: value["ValueAsString"] for value in reply.get("Record", [])}


def change(runtime: Any, ttl: dict[str, Any] | None = None, **features: str) -> None:
    values = [{"FeatureName": name, "ValueAsString": text} for name, text in features.items()]
    runtime.update_record(**KEY, Features=values, **({"TtlDuration": ttl} if ttl else {}))


# ------------------------------------------------------------------------ the group
def test_features_are_added_and_can_be_written(sagemaker: Any, runtime: Any) -> None:
    create(sagemaker)
    more = [{"FeatureName": "purpose", "FeatureType": "Integral"}]
    sagemaker.update_feature_group(FeatureGroupName=NAME, FeatureAdditions=more)
    description = eventually(lambda: updated(sagemaker))
    assert [definition["FeatureName"] for definition in description["FeatureDefinitions"]][
        -1
    ] == "purpose"
    extra = {"FeatureName": "purpose", "ValueAsString": "3"}
    runtime.put_record(FeatureGroupName=NAME, Record=[*record(), extra])
    assert read_record(runtime)["purpose"] == "3"


def updated(sagemaker: Any) -> Any:
    description = sagemaker.describe_feature_group(FeatureGroupName=NAME)
    return description if description["LastUpdateStatus"]["Status"] == "Successful" else None


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"FeatureAdditions": [{"FeatureName": "amount", "FeatureType": "String"}]},
        {"FeatureAdditions": [{"FeatureName": "write_time", "FeatureType": "String"}]},
        {"OnlineStoreConfig": {"StorageType": "InMemory"}},
        {"ThroughputConfig": {"ThroughputMode": "Provisioned"}},
    ],
)
def test_an_impossible_update_changes_nothing(sagemaker: Any, wrong: dict[str, Any]) -> None:
    before = create(sagemaker)
    refused("ValidationException", sagemaker.update_feature_group, FeatureGroupName=NAME, **wrong)
    after = sagemaker.describe_feature_group(FeatureGroupName=NAME)
    assert after["FeatureDefinitions"] == before["FeatureDefinitions"]
    assert "LastUpdateStatus" not in after


def test_a_groups_time_to_live_holds_for_later_records(
    aws: Aws, sagemaker: Any, runtime: Any
) -> None:
    create(sagemaker)
    now = aws.cloud.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    runtime.put_record(FeatureGroupName=NAME, Record=record("sgc-000000", now))
    sagemaker.update_feature_group(
        FeatureGroupName=NAME,
        OnlineStoreConfig={"TtlDuration": {"Unit": "Minutes", "Value": 5}},
        ThroughputConfig={"ThroughputMode": "OnDemand"},
    )
    description = eventually(lambda: updated(sagemaker))
    assert description["ThroughputConfig"] == {"ThroughputMode": "OnDemand"}
    runtime.put_record(FeatureGroupName=NAME, Record=record("sgc-000001", now))
    assert read_record(runtime)
    aws.advance(301)
    assert read_record(runtime) == {}
    assert runtime.get_record(FeatureGroupName=NAME, RecordIdentifierValueAsString="sgc-000000")[
        "Record"
    ]
    runtime.put_record(
        FeatureGroupName=NAME,
        Record=record("sgc-000001", T1),
        TtlDuration={"Unit": "Weeks", "Value": 9999},
    )
    assert read_record(runtime)["event_time"] == T1, (
        "an expired record does not keep older ones out"
    )


# ------------------------------------------------------------------------ features
def test_a_feature_is_described_and_found(aws: Aws, sagemaker: Any) -> None:
    create(sagemaker)
    about = {"FeatureGroupName": NAME, "FeatureName": "amount"}
    sagemaker.update_feature_metadata(
        **about,
        Description="What is asked for",
        ParameterAdditions=[{"Key": "unit", "Value": "DM"}, {"Key": "range", "Value": "1.."}],
    )
    sagemaker.update_feature_metadata(**about, ParameterRemovals=["range"])
    description = sagemaker.describe_feature_metadata(**about)
    assert description["Description"] == "What is asked for"
    assert description["Parameters"] == [{"Key": "unit", "Value": "DM"}]
    assert description["LastModifiedTime"] > description["CreationTime"]

    def search(client: Any, name: str, value: str, **more: Any) -> list[str]:
        filters = [{"Name": name, "Operator": "Equals", "Value": value}]
        reply = client.search(
            Resource="FeatureMetadata", SearchExpression={"Filters": filters}, **more
        )
        return [result["FeatureMetadata"]["FeatureName"] for result in reply["Results"]]

    assert search(sagemaker, "Parameters.unit", "DM") == ["amount"]
    assert search(sagemaker, "FeatureType", "Integral") == ["duration"]
    consumer = checked(aws.client("sagemaker", CONSUMER))
    across = {"CrossAccountFilterOption": "CrossAccount"}
    assert search(consumer, "FeatureName", "amount", **across) == []
    (catalog,) = sagemaker.list_resource_catalogs()["ResourceCatalogs"]
    share(aws, OWNER, CONSUMER, catalog["ResourceCatalogArn"], CATALOG_SEARCH)
    assert search(consumer, "FeatureName", "amount", **across) == ["amount"]
    with pytest.raises(Exception, match="Access"):
        consumer.describe_feature_metadata(FeatureGroupName=ARN, FeatureName="amount")
    unknown = {"FeatureGroupName": NAME, "FeatureName": "none"}
    refused("ResourceNotFound", sagemaker.update_feature_metadata, **unknown, Description="x")


# ------------------------------------------------------------------------ records
def test_an_update_changes_some_features_of_a_record(runtime: Any, updatable: str) -> None:
    runtime.put_record(FeatureGroupName=NAME, Record=record())
    change(runtime, amount="7")
    assert read_record(runtime) == {
        "record_id": "sgc-000001",
        "event_time": T2,
        "duration": "6",
        "amount": "7",
    }
    change(runtime, amount="8", event_time=T3)
    assert (read_record(runtime)["amount"], read_record(runtime)["event_time"]) == ("8", T3)


def test_an_update_out_of_order_is_a_conflict(runtime: Any, updatable: str) -> None:
    runtime.put_record(FeatureGroupName=NAME, Record=record())
    with pytest.raises(Exception, match="ConflictException"):
        change(runtime, amount="7", event_time=T1)
    with pytest.raises(Exception, match="EventTime"):
        change(runtime, {"Unit": "Minutes", "Value": 5}, amount="7")
    assert read_record(runtime)["amount"] == "12.5"


def test_an_update_needs_a_living_record(runtime: Any, updatable: str) -> None:
    with pytest.raises(Exception, match="ResourceNotFound"):
        change(runtime, amount="7")
    runtime.put_record(FeatureGroupName=NAME, Record=record())
    runtime.delete_record(**KEY, EventTime=T3)
    with pytest.raises(Exception, match="ResourceNotFound"):
        change(runtime, amount="7")


def test_a_standard_store_has_no_updates(sagemaker: Any, runtime: Any) -> None:
    assert "StorageType" not in create(sagemaker)["OnlineStoreConfig"], DEFINITION
    runtime.put_record(FeatureGroupName=NAME, Record=record())
    with pytest.raises(Exception, match="Standard_V2"):
        change(runtime, amount="7")
