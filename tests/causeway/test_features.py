import botocore.session
import pytest
from botocore.validate import ParamValidator

from causeway import features
from causeway.accounts import Topology
from causeway.config import UseCase
from causeway.errors import BadInput, PartialWrite, UnexpectedState

COLUMNS = {
    "record_id": ["sgc-000001", "sgc-000002"],
    "event_time": ["2019-11-24T00:00:00Z"] * 2,
    "credit_risk": [1, 0],
}


def outcome(case: UseCase):
    return case.group("credit-risk-outcome")


def test_create_request_is_one_that_the_service_takes(case: UseCase, topology: Topology) -> None:
    service = botocore.session.get_session().get_service_model("sagemaker")
    shape = service.operation_model("CreateFeatureGroup").input_shape
    for group in case.feature_groups:
        request = features.create_request(group, case, topology, kms_key_id="key")
        assert not ParamValidator().validate(request, shape).has_errors()
        assert request["OfflineStoreConfig"]["S3StorageConfig"]["S3Uri"].startswith(
            "s3://causeway-data-111111111111-eu-central-1/offline-store/credit_risk"
        )


def test_every_group_status_of_the_service_is_judged() -> None:
    service = botocore.session.get_session().get_service_model("sagemaker")
    assert set(features.GROUP_STATUSES) == set(service.shape_for("FeatureGroupStatus").enum)


def test_a_group_made_from_another_contract_is_refused(case: UseCase, topology: Topology) -> None:
    group = outcome(case)
    described = features.create_request(group, case, topology)
    features.check_described(group, described)
    grown = [*described["FeatureDefinitions"], {"FeatureName": "x", "FeatureType": "String"}]
    features.check_described(group, {**described, "FeatureDefinitions": grown})
    wrong = [{**d, "FeatureType": "String"} for d in described["FeatureDefinitions"]]
    with pytest.raises(UnexpectedState, match="credit_risk is String, not Integral"):
        features.check_described(group, {**described, "FeatureDefinitions": wrong})


def test_the_contract_document_says_how_features_come_about(case: UseCase) -> None:
    document = features.contract_document(case)
    assert [group["file"] for group in document["groups"]] == [
        "applicant.parquet",
        "loan.parquet",
        "outcome.parquet",
    ]
    by_name = {f["name"]: f for group in document["groups"] for f in group["features"]}
    assert by_name["status"]["source"] == "laufkont"
    assert by_name["status"]["codes"] == [1, 2, 3, 4]
    assert by_name["age_normalised"]["derive"] == {
        "op": "normalise",
        "of": ["age"],
        "min": 18,
        "max": 120,
    }


def test_records_carry_text_and_leave_empty_values_out(case: UseCase) -> None:
    first, second = features.records_for(outcome(case), COLUMNS)
    assert first.record_id == "sgc-000001"
    assert dict(second.values)["credit_risk"] == "0"
    assert first.as_request()[0] == {"FeatureName": "record_id", "ValueAsString": "sgc-000001"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"credit_risk": [1, None]}, "row 2, column 'credit_risk': is empty"),
        ({"credit_risk": [float("nan"), 1]}, "row 1, column 'credit_risk': is empty"),
        ({"record_id": ["a", "a"]}, "row 2, column 'record_id', value 'a': .* duplicate"),
        ({"record_id": ["a", ""]}, "row 2, column 'record_id': is empty"),
    ],
)
def test_bad_records_are_refused_before_any_is_written(
    case: UseCase, change: dict[str, list[object]], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        features.records_for(outcome(case), {**COLUMNS, **change})


def test_a_missing_feature_is_named(case: UseCase) -> None:
    with pytest.raises(BadInput, match="lack credit_risk"):
        features.records_for(outcome(case), {k: COLUMNS[k] for k in ("record_id", "event_time")})


def test_what_the_online_store_holds_already_is_not_written_again(case: UseCase) -> None:
    records = features.records_for(outcome(case), COLUMNS)
    stored = {r.record_id: r.as_request() for r in records}
    assert features.changed(records, stored) == ()
    assert features.changed(records, {}) == records
    stored["sgc-000002"][2]["ValueAsString"] = "1"
    assert [r.record_id for r in features.changed(records, stored)] == ["sgc-000002"]


def test_batches_hold_at_most_25_in_order(case: UseCase) -> None:
    columns = {
        "record_id": [f"r{n}" for n in range(60)],
        "event_time": ["t"] * 60,
        "credit_risk": [1] * 60,
    }
    records = features.records_for(outcome(case), columns)
    cut = list(features.batches(records))
    assert [len(batch) for batch in cut] == [25, 25, 10]
    assert tuple(r for batch in cut for r in batch) == records


def test_a_success_with_errors_inside_is_no_success(case: UseCase) -> None:
    batch = features.records_for(outcome(case), COLUMNS)
    entries = features.batch_request(batch)["Entries"]
    entries[1]["FeatureGroupName"] = (
        "arn:aws:sagemaker:eu-central-1:111111111111:feature-group/" + ("credit-risk-outcome")
    )
    answer = {
        "Errors": [{"Entry": entries[0], "ErrorCode": "Throttling", "ErrorMessage": "slow down"}],
        "UnprocessedEntries": [entries[1]],
    }
    left = features.unwritten(batch, answer)
    assert [(u.record.record_id, u.code) for u in left] == [
        ("sgc-000001", "Throttling"),
        ("sgc-000002", None),
    ]
    with pytest.raises(PartialWrite, match="2 of 2 records were not kept"):
        features.require_all_written(left, 2)
    features.require_all_written(features.unwritten(batch, {}), 2)


def test_an_answer_about_a_stranger_is_refused(case: UseCase) -> None:
    batch = features.records_for(outcome(case), COLUMNS)
    entry = features.batch_request(batch)["Entries"][0]
    with pytest.raises(UnexpectedState):
        features.unwritten(batch[1:], {"UnprocessedEntries": [entry]})
