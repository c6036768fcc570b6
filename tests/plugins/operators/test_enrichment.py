"""Records read by id, as the consumer by the owner's ARN: all, whatever is left over at first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from causeway.errors import BadInput, UnexpectedState
from causeway_airflow.hooks.base import AwsTransientError
from tests.local_platform import LocalPlatform

GROUP = "credit-risk-outcome"
ARN = f"arn:aws:sagemaker:eu-central-1:111111111111:feature-group/{GROUP}"
IDS = [f"enrich-{n:03}" for n in range(230)]
READ = "sagemaker-featurestore-runtime:BatchGetRecord"


@pytest.fixture(scope="module")
def filled(shared: LocalPlatform) -> LocalPlatform:
    runtime = shared.client("sagemaker-featurestore-runtime", "data")
    for start in range(0, len(IDS), 25):
        runtime.batch_write_record(
            Entries=[
                {
                    "FeatureGroupName": GROUP,
                    "TargetStores": ["OnlineStore"],
                    "Record": [
                        {"FeatureName": "record_id", "ValueAsString": record},
                        {"FeatureName": "event_time", "ValueAsString": "2024-01-01T00:00:00Z"},
                        {"FeatureName": "credit_risk", "ValueAsString": str(int(record[-3:]) % 2)},
                    ],
                }
                for record in IDS[start : start + 25]
            ]
        )
    return shared


@pytest.fixture
def faulty(filled: LocalPlatform) -> Iterator[LocalPlatform]:
    yield filled
    filled.faults("DELETE")


def enrich(records: list[str], group: str = ARN, **more: Any) -> dict[str, Any]:
    from causeway_airflow.operators.enrichment import EnrichRecordsOperator

    task = EnrichRecordsOperator(task_id="e", feature_group=group, records=records, **more)
    return dict(task.perform({}))


def test_a_consumer_reads_by_the_owners_arn_and_learns_what_is_missing(
    filled: LocalPlatform,
) -> None:
    reply = enrich([*IDS, "enrich-none"], features=["credit_risk"])
    assert reply["records"] == {record: {"credit_risk": int(record[-3:]) % 2} for record in IDS}
    assert reply["missing"] == ["enrich-none"]
    whole = enrich(IDS[:1])["records"][IDS[0]]
    assert whole == {"record_id": IDS[0], "event_time": "2024-01-01T00:00:00Z", "credit_risk": 0}
    with pytest.raises(BadInput, match=r"1 of 2 records are not in .*: enrich-none"):
        enrich([IDS[0], "enrich-none"], missing="refuse")
    with pytest.raises(BadInput, match="1001 records are asked for"):
        enrich([str(n) for n in range(1001)])


def test_what_is_left_unprocessed_is_asked_for_again(faulty: LocalPlatform) -> None:
    for number, kind in enumerate(("unprocessed", "throttle"), 1):
        rule = {"operation": READ, "kind": kind, "rate": 0.3, "seed": number}
        faulty.faults("POST", rule)
    reply = enrich(IDS * 2)
    assert set(reply["records"]) == set(IDS) and reply["missing"] == []
    assert sum(rule["fired"] for rule in faulty.faults("GET")["faults"])


def test_what_stays_unprocessed_fails_as_something_that_may_pass(
    faulty: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks import record_reads

    monkeypatch.setattr(record_reads, "PAUSES", (0.0, 0.0))
    faulty.faults("POST", {"operation": READ, "kind": "unprocessed"})
    with pytest.raises(AwsTransientError, match="3 records are still unprocessed after 2 attempts"):
        enrich(IDS[:3])


def test_an_error_names_the_records(filled: LocalPlatform) -> None:
    from causeway_airflow.hooks.record_reads import RecordReadsHook

    hook = RecordReadsHook("causeway_data_science_trainer")
    with pytest.raises(UnexpectedState, match=r"record a: ValidationError: .*; record b: .*"):
        hook.read(ARN, ["a", "b"], ["no_such_feature"])
    with pytest.raises(UnexpectedState, match=r"record a: AccessForbidden"):
        hook.read(ARN.replace(GROUP, "not-shared"), ["a"])
