"""The registration of a candidate: `CreateModelPackage`, with everything that a version carries.

Facts (SageMaker service model): at most 50 metadata properties of 128/256 characters, a
`ClientToken` of 36, a file source with its digest; the developer guide asks for the group's ARN
across accounts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from causeway.digests import sha256
from causeway.errors import BadInput
from causeway.model_cards.content import package_content
from causeway.model_cards.fields import LONG_TEXT, Facts
from causeway.model_cards.schema import checked
from causeway.plain_texts import clipped, encoded, encoded_metrics
from causeway.topology.arns import ModelPackageArn, ModelPackageGroupArn
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.fingerprint import REQUEST_SHA256, request_sha256
from causeway.versions.registry import (
    ARTIFACT_SHA256,
    ARTIFACT_VERSION,
    COMPARISON,
    DAG_RUN,
    DATA_SOURCE,
    DATASET,
    GATE_REPORT_SHA256,
    MANIFEST_SHA256,
    MLFLOW_RUN,
    MODEL,
    OWN_METADATA,
    REQUESTED_BY,
    SYNTHETIC,
    TRAINED_BY,
    USE_CASE,
    VALIDATION_METRICS,
    Candidate,
    StoredDocument,
)
from causeway.versions.stages import Stage, Status, lifecycle_of

#: What AWS's images need to serve the script that training puts into the model. Without it the
#: XGBoost image takes every file of the model's folder for a booster, and never gets healthy.
#: (aws/sagemaker-xgboost-container, `serving.py`; aws/sagemaker-containers, `_env.py`.)
SERVING: Final[Mapping[str, str]] = {
    "SAGEMAKER_PROGRAM": "inference.py",
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
}
#: The longest description of a life-cycle stage (SageMaker API reference).
STAGE_DESCRIPTION: Final = 1024


class DocumentSections(NamedTuple):
    """Where a document stands in `ModelMetrics` and in `DriftCheckBaselines`."""

    metrics: tuple[str, str] | None
    baseline: tuple[str, str] | None


#: Documents beside the artifact, by name. Model Monitor compares what it sees with the baselines.
DOCUMENTS: Final[Mapping[str, DocumentSections]] = {
    "quality-statistics": DocumentSections(
        ("ModelQuality", "Statistics"), ("ModelQuality", "Statistics")
    ),
    "quality-constraints": DocumentSections(
        ("ModelQuality", "Constraints"), ("ModelQuality", "Constraints")
    ),
    "data-statistics": DocumentSections(
        ("ModelDataQuality", "Statistics"), ("ModelDataQuality", "Statistics")
    ),
    "data-constraints": DocumentSections(
        ("ModelDataQuality", "Constraints"), ("ModelDataQuality", "Constraints")
    ),
    "bias-report": DocumentSections(("Bias", "Report"), None),
    "bias-constraints": DocumentSections(None, ("Bias", "PostTrainingConstraints")),
    "explainability": DocumentSections(("Explainability", "Report"), None),
}


def registration_request(
    group: ModelPackageGroupArn,
    case: UseCase,
    model: ModelSpec,
    candidate: Candidate,
    spoilt: Iterable[ModelPackageArn] = (),
) -> dict[str, Any]:
    """Build the `CreateModelPackage` request of a candidate, addressed by the group's ARN.

    The version starts `PendingManualApproval` in life-cycle Development/PendingApproval, so
    that nobody has to touch it before a person decides. The client token is a function of group and
    artifact, so that a retried call is the same call, and of the versions of that artifact that
    somebody has changed (`spoilt`).

    Raises:
        BadInput: a metric is no finite number, the card inside breaks its schema, or a text is
            none or gets too long as AWS takes it.
    """
    _refuse_endless(model, candidate)
    card = package_content(Facts(case, model, candidate, use_case_stage=candidate.use_case_stage))
    request: dict[str, Any] = {
        "ModelPackageGroupName": str(group),
        "ModelPackageDescription": f"{model.name} {candidate.digest.short}",
        "ModelApprovalStatus": "PendingManualApproval",
        "ModelLifeCycle": _life_cycle(candidate),
        "InferenceSpecification": {
            "Containers": [
                {
                    "Image": candidate.image_uri,
                    "ModelDataUrl": candidate.artifact_uri,
                    "Environment": dict(SERVING),
                }
            ],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        "ModelMetrics": _sources(candidate, "metrics"),
        "MetadataProperties": _origin(case, candidate),
        "CustomerMetadataProperties": _metadata(case, model, candidate),
        "SourceUri": candidate.source_uri,
        "ModelCard": {"ModelCardContent": checked(card, "package"), "ModelCardStatus": "Draft"},
        "ClientToken": sha256("\n".join([str(group), str(candidate.digest), *map(str, spoilt)]))[
            :36
        ],
    }
    if baselines := _sources(candidate, "baseline"):
        request["DriftCheckBaselines"] = baselines
    request["CustomerMetadataProperties"][REQUEST_SHA256] = request_sha256(request, OWN_METADATA)
    return request


def _refuse_endless(model: ModelSpec, candidate: Candidate) -> None:
    for kind, metrics in (("", candidate.metrics), ("training ", candidate.training_metrics)):
        for name, value in sorted(metrics.items()):
            if not math.isfinite(value):
                raise BadInput(
                    f"model {model.name}: {kind}metric {name!r} is {value}, no finite number",
                    next_step="Look at what evaluation and training measured; then train again.",
                )


def gates_line(report: Mapping[str, Any]) -> str:
    """Return what a gate report says, in one line: the verdict, then each gate's answer."""
    answers = [
        " ".join(str(gate[part]) for part in ("subject", "said") if gate.get(part))
        + f": {gate['verdict']}"
        for gate in report.get("gates", [])
    ]
    return "; ".join([str(report.get("verdict", "")), *answers])[:LONG_TEXT]


def _life_cycle(candidate: Candidate) -> dict[str, str]:
    # The only text beside the version that the registry's console shows to the approver.
    hint = f"; compare before deciding: {candidate.comparison.uri}" if candidate.comparison else ""
    cycle = lifecycle_of(Stage.DEVELOPMENT, Status.PENDING, f"registered by training{hint}")
    return {
        "Stage": cycle.stage,
        "StageStatus": cycle.status,
        "StageDescription": cycle.description[:STAGE_DESCRIPTION],
    }


def _sources(candidate: Candidate, where: str) -> dict[str, Any]:
    """Return the documents in their places; the gate report is the statistics of the quality."""
    sections: dict[str, Any] = {}
    documents = {"quality-statistics": candidate.gate_report, **candidate.documents}
    for name, document in sorted(documents.items()):
        section = getattr(DOCUMENTS[name], where)
        if section is not None:
            sections.setdefault(section[0], {})[section[1]] = _source(document)
    return sections


def _source(document: StoredDocument) -> dict[str, str]:
    return {
        "ContentType": "application/json",
        "ContentDigest": f"sha256:{document.sha256}",
        "S3Uri": document.uri,
    }


def _origin(case: UseCase, candidate: Candidate) -> dict[str, str]:
    values = {
        "CommitId": candidate.commit,
        "Repository": candidate.repository,
        "GeneratedBy": candidate.generated_by,
        "ProjectId": case.project,
    }
    return {name: value[:1024] for name, value in values.items() if value}


def _metadata(case: UseCase, model: ModelSpec, candidate: Candidate) -> dict[str, str]:
    requester = candidate.requested_by if candidate.requested_by != candidate.trained_by else None
    metadata = {
        USE_CASE: case.id,
        MODEL: model.name,
        ARTIFACT_SHA256: candidate.digest.hex,
        ARTIFACT_VERSION: candidate.artifact_object_version,
        MANIFEST_SHA256: candidate.manifest_sha256,
        GATE_REPORT_SHA256: candidate.gate_report.sha256,
        DATASET: candidate.dataset_digest,
        SYNTHETIC: candidate.synthetic,
        MLFLOW_RUN: candidate.mlflow_run,
        DAG_RUN: candidate.dag_run,
        TRAINED_BY: candidate.trained_by,
        REQUESTED_BY: requester,
        COMPARISON: candidate.comparison.uri if candidate.comparison else None,
    }
    plain = {
        key: encoded(value, f"customer metadata {key!r}")
        for key, value in metadata.items()
        if value
    }
    plain[DATA_SOURCE] = clipped(candidate.data_source, f"customer metadata {DATA_SOURCE!r}")
    return plain | {VALIDATION_METRICS: encoded_metrics(candidate.metrics)}
