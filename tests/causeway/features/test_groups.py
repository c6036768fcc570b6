import botocore.session
from botocore.validate import ParamValidator

from causeway.features import groups
from causeway.topology.accounts import Topology
from causeway.use_cases.use_case import UseCase


def test_create_request_is_one_that_the_service_takes(case: UseCase, topology: Topology) -> None:
    service = botocore.session.get_session().get_service_model("sagemaker")
    shape = service.operation_model("CreateFeatureGroup").input_shape
    for group in case.feature_groups:
        request = groups.create_request(group, case, topology, kms_key_id="key")
        assert not ParamValidator().validate(request, shape).has_errors()
        assert request["OfflineStoreConfig"]["S3StorageConfig"]["S3Uri"].startswith(
            "s3://causeway-data-111111111111-eu-central-1/offline-store/credit_risk"
        )


def test_the_contract_document_says_how_features_come_about(case: UseCase) -> None:
    document = groups.contract_document(case.raw_source())
    assert [group["file"] for group in document["groups"]] == [
        "applicant.parquet",
        "loan.parquet",
        "outcome.parquet",
    ]
    assert document["event_time"] == "2019-11-24T00:00:00Z"
    by_name = {f["name"]: f for group in document["groups"] for f in group["features"]}
    assert by_name["status"]["source"] == "laufkont"
    assert by_name["status"]["codes"] == [1, 2, 3, 4]
    assert by_name["age_normalised"]["derive"] == {
        "op": "normalise",
        "of": ["age"],
        "min": 18,
        "max": 120,
    }
