"""The feature group that tests share: its definition, records of it, and its creation."""

from __future__ import annotations

from typing import Any

from tests.accounts import ACCOUNTS, REGION
from tests.localaws.waiting import eventually

OWNER, CONSUMER = "data", "data_science"
NAME = "credit-risk-loan"
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNTS[OWNER]}:feature-group/{NAME}"
BUCKET = f"causeway-data-{ACCOUNTS[OWNER]}-{REGION}"
T1, T2, T3 = (f"2024-01-0{day}T12:00:00Z" for day in (1, 2, 3))
DEFINITION: dict[str, Any] = {
    "FeatureGroupName": NAME,
    "RecordIdentifierFeatureName": "record_id",
    "EventTimeFeatureName": "event_time",
    "FeatureDefinitions": [
        {"FeatureName": "record_id", "FeatureType": "String"},
        {"FeatureName": "event_time", "FeatureType": "String"},
        {"FeatureName": "duration", "FeatureType": "Integral"},
        {"FeatureName": "amount", "FeatureType": "Fractional"},
    ],
    "OnlineStoreConfig": {"EnableOnlineStore": True},
}


def record(identifier: str = "sgc-000001", moment: str = T2, amount: str = "12.5") -> list[Any]:
    """Return a record as `PutRecord` takes it."""
    texts = {"record_id": identifier, "event_time": moment, "duration": "6", "amount": amount}
    return [{"FeatureName": name, "ValueAsString": text} for name, text in texts.items()]


def put(runtime: Any, *features: Any, **extra: Any) -> None:
    """Write a record into the group."""
    runtime.put_record(FeatureGroupName=NAME, Record=record(*features), **extra)


def read(runtime: Any, identifier: str = "sgc-000001", **extra: Any) -> dict[str, str]:
    """Return a record of the online store, empty where there is none."""
    reply = runtime.get_record(
        FeatureGroupName=NAME, RecordIdentifierValueAsString=identifier, **extra
    )
    return {value["FeatureName"]: value["ValueAsString"] for value in reply.get("Record", [])}


def create(sagemaker: Any, **extra: Any) -> dict[str, Any]:
    """Make the group, wait for the end of its creation, and return its description."""
    sagemaker.create_feature_group(**DEFINITION | extra)
    return after_creation(sagemaker)


def after_creation(sagemaker: Any) -> dict[str, Any]:
    """Wait for the end of the group's creation and return its description."""

    def look() -> Any:
        group = sagemaker.describe_feature_group(FeatureGroupName=NAME)
        return group if group["FeatureGroupStatus"] != "Creating" else None

    group: dict[str, Any] = eventually(look)
    return group
