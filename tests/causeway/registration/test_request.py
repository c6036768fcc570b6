"""What a registration asks for: bound, pinned, described, and the same for the same artifact."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from causeway.digests import Digest
from causeway.errors import BadInput, ConfigError
from causeway.gates.judges import evaluate
from causeway.plain_texts import decoded_metrics
from causeway.registration.request import (
    DOCUMENTS,
    gates_line,
    registration_request,
)
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.topology.arns import ModelPackageGroupArn
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.registry import StoredDocument, version_of
from tests.causeway.values import CANDIDATE


@pytest.fixture
def request_(case: UseCase, model: ModelSpec, topology: Topology) -> dict[str, Any]:
    group = ModelPackageGroupArn.of(topology, AccountRole.SHARED_SERVICES, model.group)
    return registration_request(group, case, model, CANDIDATE)


def test_the_request_is_one_that_the_service_takes(request_: dict[str, Any]) -> None:
    service = botocore.session.get_session().get_service_model("sagemaker")
    shape = service.operation_model("CreateModelPackage").input_shape
    assert not ParamValidator().validate(request_, shape).has_errors()
    assert len(request_["ClientToken"]) <= 36


def test_a_version_is_registered_by_group_arn_and_waits_for_approval(
    request_: dict[str, Any],
) -> None:
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
        "manifest-sha256",
        "dataset-sha256",
        "data-source",
        "synthetic-data",
        "gate-report-sha256",
        "mlflow-run",
        "dag-run",
        "trained-by",
        "validation-metrics",
        "request-sha256",
    }


def test_the_container_is_told_which_script_serves(request_: dict[str, Any]) -> None:
    (container,) = request_["InferenceSpecification"]["Containers"]
    assert container["Environment"] == {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    }


def test_the_metrics_it_was_gated_on_travel_with_the_version(request_: dict[str, Any]) -> None:
    assert request_["CustomerMetadataProperties"]["validation-metrics"] == "auc=0.8"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"metrics": {"auc": float("nan")}}, "model credit_risk: metric 'auc' is nan"),
        ({"training_metrics": {"loss": float("inf")}}, "training metric 'loss' is inf"),
        ({"metrics": {"a\ud800": 1.0}}, r"a metric's name: 'a\\ud800'"),
        ({"requested_by": "ann\ud800"}, r"'requested-by': 'ann\\ud800'"),
    ],
)
def test_what_no_version_can_carry_is_refused_by_name(
    case: UseCase, model: ModelSpec, topology: Topology, changed: dict[str, Any], message: str
) -> None:
    group = ModelPackageGroupArn.of(topology, AccountRole.SHARED_SERVICES, model.group)
    with pytest.raises(BadInput, match=message):
        registration_request(group, case, model, replace(CANDIDATE, **changed))


def test_metrics_that_do_not_fit_are_left_out_whole(
    case: UseCase, model: ModelSpec, topology: Topology
) -> None:
    group = ModelPackageGroupArn.of(topology, AccountRole.SHARED_SERVICES, model.group)
    many = replace(CANDIDATE, metrics={f"metric_{n:03}": n / 7 for n in range(60)})
    properties = registration_request(group, case, model, many)["CustomerMetadataProperties"]
    metrics = decoded_metrics(properties["validation-metrics"])
    assert 0 < len(metrics) < 60
    assert all(abs(metrics[name] - many.metrics[name]) < 1e-6 for name in metrics)


def test_the_card_inside_has_the_reduced_schema(request_: dict[str, Any]) -> None:
    content = json.loads(request_["ModelCard"]["ModelCardContent"])
    assert request_["ModelCard"]["ModelCardStatus"] == "Draft"
    assert set(content["model_overview"]) == {"model_creator", "model_artifact"}
    assert content["intended_uses"]["risk_rating"] == "High"
    assert content["additional_information"]["custom_details"]["UseCaseId"] == "credit_risk"


def test_the_same_artifact_has_the_same_token(
    request_: dict[str, Any], case: UseCase, model: ModelSpec, topology: Topology
) -> None:
    group = ModelPackageGroupArn.of(topology, AccountRole.SHARED_SERVICES, model.group)
    other = replace(CANDIDATE, digest=Digest("c" * 64))
    again = registration_request(group, case, model, CANDIDATE)
    assert again == request_
    different = registration_request(group, case, model, other)
    assert different["ClientToken"] != request_["ClientToken"]


def test_a_requester_is_named_only_beside_the_trainer(
    case: UseCase, model: ModelSpec, topology: Topology
) -> None:
    group = ModelPackageGroupArn.of(topology, AccountRole.SHARED_SERVICES, model.group)
    for person, requester in (("ml-engineer", None), ("model-owner", "model-owner")):
        request = registration_request(group, case, model, replace(CANDIDATE, requested_by=person))
        assert request["CustomerMetadataProperties"].get("requested-by") == requester


def test_a_name_outside_awss_alphabet_reads_back_as_it_was(
    case: UseCase, model: ModelSpec, topology: Topology, make_version: Any
) -> None:
    group = ModelPackageGroupArn.of(topology, AccountRole.SHARED_SERVICES, model.group)
    asked = replace(CANDIDATE, requested_by="CORP\\d'arc (ops)")
    metadata = registration_request(group, case, model, asked)["CustomerMetadataProperties"]
    assert metadata["requested-by"] == "==CORP=5Cd=27arc =28ops=29"
    version = version_of(
        {
            "ModelPackageArn": str(make_version(1).arn),
            "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
            "CustomerMetadataProperties": metadata,
        }
    )
    assert version.requested_by == asked.requested_by
    assert version.validation_metrics == asked.metrics


def test_every_document_has_its_place_among_metrics_and_baselines(
    case: UseCase, model: ModelSpec, topology: Topology
) -> None:
    group = ModelPackageGroupArn.of(topology, AccountRole.SHARED_SERVICES, model.group)
    documents = {name: StoredDocument(f"s3://bucket/{name}.json", "c" * 64) for name in DOCUMENTS}
    request = registration_request(group, case, model, replace(CANDIDATE, documents=documents))
    service = botocore.session.get_session().get_service_model("sagemaker")
    shape = service.operation_model("CreateModelPackage").input_shape
    assert not ParamValidator().validate(request, shape).has_errors()
    assert request["ModelMetrics"]["Bias"]["Report"] == {
        "ContentType": "application/json",
        "ContentDigest": "sha256:" + "c" * 64,
        "S3Uri": "s3://bucket/bias-report.json",
    }
    baselines = request["DriftCheckBaselines"]
    assert set(baselines) == {"Bias", "ModelDataQuality", "ModelQuality"}
    assert (
        baselines["ModelDataQuality"]["Statistics"]["S3Uri"] == "s3://bucket/data-statistics.json"
    )


def test_commit_job_and_project_are_told(
    case: UseCase, model: ModelSpec, topology: Topology
) -> None:
    group = ModelPackageGroupArn.of(topology, AccountRole.SHARED_SERVICES, model.group)
    candidate = replace(CANDIDATE, commit="1" * 40, repository="https://example.org/project.git")
    request = registration_request(group, case, model, candidate)
    assert request["MetadataProperties"] == {
        "CommitId": "1" * 40,
        "Repository": "https://example.org/project.git",
        "GeneratedBy": CANDIDATE.generated_by,
        "ProjectId": case.project,
    }
    assert request["SourceUri"] == CANDIDATE.source_uri


def test_who_decides_is_told_where_to_compare(
    case: UseCase, model: ModelSpec, topology: Topology
) -> None:
    group = ModelPackageGroupArn.of(topology, AccountRole.SHARED_SERVICES, model.group)
    uri = "s3://bucket/comparison.md"
    candidate = replace(CANDIDATE, comparison=StoredDocument(uri, "c" * 64))
    request = registration_request(group, case, model, candidate)
    assert request["CustomerMetadataProperties"]["comparison"] == uri
    assert uri in request["ModelLifeCycle"]["StageDescription"]


def test_what_the_gates_said_is_told_in_one_line(model: ModelSpec) -> None:
    report = evaluate(
        model.gates, {"auc": 0.8}, model="m", artifact_sha256="a" * 64, dataset_digest="d" * 64
    )
    text = gates_line(report.document())
    assert text.startswith(f"{report.verdict.value}; ")
    assert all(str(result) in text for result in report.results)
    assert gates_line({}) == ""


def test_an_image_is_named_by_its_digest_or_refused(topology: Topology) -> None:
    tag = topology.images["xgboost"]
    pinned = topology.pinned_image(tag)
    assert pinned == f"{tag.rpartition(':')[0]}@{topology.image_digests['xgboost']}"
    assert topology.pinned_image(pinned) == pinned
    unknown = topology.model_copy(update={"image_digests": {}})
    with pytest.raises(ConfigError, match="no digest for xgboost"):
        unknown.pinned_image(tag)
