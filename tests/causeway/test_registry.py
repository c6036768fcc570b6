import json
from dataclasses import replace
from datetime import datetime

import botocore.session
import pytest
from botocore.validate import ParamValidator

from causeway import registry
from causeway.accounts import AccountRole, Topology
from causeway.arns import ModelPackageGroupArn
from causeway.config import ModelSpec, UseCase
from causeway.errors import UnexpectedState
from causeway.registry import Candidate, Digest

CANDIDATE = Candidate(
    digest=Digest("a" * 64),
    artifact_uri="s3://bucket/models/credit_risk/a/model.tar.gz",
    artifact_object_version="v1",
    gate_report_uri="s3://bucket/report.json",
    gate_report_sha256="b" * 64,
    image_uri="492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:3.0-5",
    mlflow_run="run",
    dag_run="manual__1",
    trained_by="ml-engineer",
    metrics={"auc": 0.8},
    hyperparameters={"eta": 0.1},
    dataset_digest="d" * 64,
)


@pytest.fixture
def request_(case: UseCase, model: ModelSpec, topology: Topology) -> dict:
    group = ModelPackageGroupArn.of(topology, AccountRole.SHARED_SERVICES, model.group)
    return registry.registration_request(group, case, model, CANDIDATE)


def test_the_request_is_one_that_the_service_takes(request_: dict) -> None:
    service = botocore.session.get_session().get_service_model("sagemaker")
    shape = service.operation_model("CreateModelPackage").input_shape
    assert not ParamValidator().validate(request_, shape).has_errors()
    assert len(request_["ClientToken"]) <= 36


def test_a_version_is_registered_by_group_arn_and_waits_for_approval(request_: dict) -> None:
    assert request_["ModelPackageGroupName"] == (
        "arn:aws:sagemaker:eu-central-1:333333333333:model-package-group/credit-risk"
    )
    assert request_["ModelApprovalStatus"] == "PendingManualApproval"
    assert request_["ModelLifeCycle"]["Stage"] == "Development"
    assert request_["ModelLifeCycle"]["StageStatus"] == "PendingApproval"
    assert set(request_["CustomerMetadataProperties"]) == {
        "use-case",
        "model",
        "artifact-sha256",
        "artifact-object-version",
        "gate-report-sha256",
        "mlflow-run",
        "dag-run",
        "trained-by",
        "validation-metrics",
    }


def test_the_metrics_it_was_gated_on_travel_with_the_version(request_: dict) -> None:
    told = {"CustomerMetadataProperties": request_["CustomerMetadataProperties"]}
    assert json.loads(told["CustomerMetadataProperties"]["validation-metrics"]) == {"auc": 0.8}


def test_metrics_that_do_not_fit_are_left_out_whole(
    case: UseCase, model: ModelSpec, topology: Topology
) -> None:
    group = ModelPackageGroupArn.of(topology, AccountRole.SHARED_SERVICES, model.group)
    many = replace(CANDIDATE, metrics={f"metric_{n:03}": n / 7 for n in range(60)})
    properties = registry.registration_request(group, case, model, many)[
        "CustomerMetadataProperties"
    ]
    kept = json.loads(properties["validation-metrics"])
    assert 0 < len(kept) < 60
    assert all(abs(kept[name] - many.metrics[name]) < 1e-6 for name in kept)


def test_the_card_inside_has_the_reduced_schema(request_: dict) -> None:
    content = json.loads(request_["ModelCard"]["ModelCardContent"])
    assert request_["ModelCard"]["ModelCardStatus"] == "Draft"
    assert set(content["model_overview"]) == {"model_creator", "model_artifact"}
    assert content["intended_uses"]["risk_rating"] == "High"
    assert content["additional_information"]["custom_details"]["UseCaseId"] == "credit_risk"


def test_the_same_artifact_has_the_same_token(
    request_: dict, case: UseCase, model: ModelSpec, topology: Topology
) -> None:
    group = ModelPackageGroupArn.of(topology, AccountRole.SHARED_SERVICES, model.group)
    other = replace(CANDIDATE, digest=Digest("c" * 64))
    again = registry.registration_request(group, case, model, CANDIDATE)
    assert again == request_
    different = registry.registration_request(group, case, model, other)
    assert different["ClientToken"] != request_["ClientToken"]


def test_a_requester_is_named_only_beside_the_trainer(
    case: UseCase, model: ModelSpec, topology: Topology
) -> None:
    group = ModelPackageGroupArn.of(topology, AccountRole.SHARED_SERVICES, model.group)
    for person, written in (("ml-engineer", None), ("model-owner", "model-owner")):
        made = registry.registration_request(
            group, case, model, replace(CANDIDATE, requested_by=person)
        )
        assert made["CustomerMetadataProperties"].get("requested-by") == written


def test_a_description_is_read_back(request_: dict) -> None:
    version = registry.version_of(
        {
            **request_,
            "ModelPackageArn": (
                "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk/7"
            ),
            "ModelPackageStatus": "Completed",
            "CreationTime": datetime(2026, 1, 1),
            "LastModifiedBy": {"IamIdentity": {"Arn": "arn", "SourceIdentity": "model-owner"}},
        }
    )
    assert version.arn.version == 7
    assert version.artifact_sha256 == "a" * 64
    assert version.gate_report_sha256 == "b" * 64
    assert version.modified_by_identity == "model-owner"
    assert version.modified_at.tzinfo is not None
    assert version.lifecycle is not None
    assert version.lifecycle.stage == "Development"


def test_the_newest_version_with_the_digest_is_found(make_version) -> None:
    versions = [make_version(1), make_version(3), make_version(2), make_version(4, digest="c" * 64)]
    found = registry.find_by_digest(versions, Digest("a" * 64))
    assert found is not None
    assert found.arn.version == 3
    assert registry.find_by_digest(versions, Digest("e" * 64)) is None


@pytest.mark.parametrize("text", ["", "a" * 63, "A" * 64, "g" * 64, "a" * 64 + "\n"])
def test_a_malformed_digest_is_none(text: str, make_version) -> None:
    with pytest.raises(UnexpectedState):
        Digest(text)
    assert make_version(metadata={"artifact-sha256": text}).artifact_sha256 is None


def test_keys_lie_beside_each_other_under_the_digest() -> None:
    digest = Digest("a" * 64)
    assert registry.artifact_key("m", digest) == f"models/m/{digest}/model.tar.gz"
    assert registry.held_out_key("m", digest) == f"models/m/{digest}/evaluation/test.csv"
    assert registry.gate_report_key("m", digest) == f"models/m/{digest}/gate-report.json"
