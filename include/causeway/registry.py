"""The model registry: candidate to registration request, and back to a typed version.

A version belongs to the shared group, is addressed by the group's ARN, and carries in its
customer metadata what binds it: the artifact's digest, the gate report's digest, the runs.
Facts (SageMaker service model, `CreateModelPackage`): at most 50 metadata properties of 128/256
characters, a `ClientToken` of 36; the developer guide asks for the group's ARN across accounts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from causeway.arns import ModelPackageArn, ModelPackageGroupArn
from causeway.config import ModelSpec, UseCase
from causeway.documents import canonical_json, sha256
from causeway.errors import UnexpectedState
from causeway.stages import LifeCycle, Stage, Status, lifecycle_of

USE_CASE: Final = "use-case"
MODEL: Final = "model"
ARTIFACT_SHA256: Final = "artifact-sha256"
ARTIFACT_VERSION: Final = "artifact-object-version"
#: The longest value of a customer metadata property (SageMaker API reference).
METADATA_VALUE: Final = 256
VALIDATION_METRICS: Final = "validation-metrics"
GATE_REPORT_SHA256: Final = "gate-report-sha256"
MLFLOW_RUN: Final = "mlflow-run"
DAG_RUN: Final = "dag-run"
TRAINED_BY: Final = "trained-by"
#: Written when somebody other than the trainer asked for the registration.
REQUESTED_BY: Final = "requested-by"

_RISK_RATING: Final = MappingProxyType(
    {"high": "High", "medium": "Medium", "low": "Low", "unknown": "Unknown"}
)


@dataclass(frozen=True)
class Digest:
    """The SHA-256 of an artifact, as 64 lower-case hexadecimal digits."""

    hex: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{64}", self.hex):
            raise UnexpectedState(
                f"{self.hex!r} is no SHA-256 digest",
                next_step="Give 64 lower-case hexadecimal digits.",
            )

    def __str__(self) -> str:
        return self.hex

    @property
    def short(self) -> str:
        """The first twelve digits, for names."""
        return self.hex[:12]


@dataclass(frozen=True)
class Candidate:
    """The chosen candidate with everything that its registration needs."""

    digest: Digest
    artifact_uri: str
    artifact_object_version: str
    gate_report_uri: str
    gate_report_sha256: str
    image_uri: str
    mlflow_run: str
    dag_run: str
    trained_by: str
    metrics: Mapping[str, float]
    hyperparameters: Mapping[str, Any]
    dataset_digest: str
    requested_by: str | None = None


@dataclass(frozen=True)
class RegistryVersion:
    """One model package version as the registry describes it (Search or DescribeModelPackage)."""

    arn: ModelPackageArn
    package_status: str
    approval_status: str
    approval_description: str
    lifecycle: LifeCycle | None
    model_data_url: str | None
    image_uri: str | None
    created_at: datetime
    modified_at: datetime
    modified_by_identity: str | None
    modified_by_arn: str | None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def artifact_sha256(self) -> str | None:
        """The artifact's digest, or None when the version carries no well-formed one."""
        value = self.metadata.get(ARTIFACT_SHA256, "")
        return value if re.fullmatch(r"[0-9a-f]{64}", value) else None

    @property
    def gate_report_sha256(self) -> str | None:
        """The gate report's digest, or None when the version carries no well-formed one."""
        value = self.metadata.get(GATE_REPORT_SHA256, "")
        return value if re.fullmatch(r"[0-9a-f]{64}", value) else None

    @property
    def validation_metrics(self) -> Mapping[str, float]:
        """The metrics it was gated on, or none when the version carries none that can be read."""
        try:
            found = json.loads(self.metadata.get(VALIDATION_METRICS, "{}"))
            return {str(name): float(value) for name, value in found.items()}
        except (ValueError, TypeError, AttributeError):
            return {}

    @property
    def trained_by(self) -> str | None:
        """The person who trained it."""
        return self.metadata.get(TRAINED_BY)

    @property
    def requested_by(self) -> str | None:
        """The person who asked for the registration, when it was another than the trainer."""
        return self.metadata.get(REQUESTED_BY)


def artifact_key(model: str, digest: Digest) -> str:
    """Return the key of the model artifact in the shared bucket: content-addressed."""
    return f"models/{model}/{digest}/model.tar.gz"


def held_out_key(model: str, digest: Digest) -> str:
    """Return the key of the held-out raw rows with label, for the test of an endpoint."""
    return f"models/{model}/{digest}/evaluation/test.csv"


def gate_report_key(model: str, digest: Digest) -> str:
    """Return the key of the gate report beside the artifact."""
    return f"models/{model}/{digest}/gate-report.json"


def registration_request(
    group: ModelPackageGroupArn, case: UseCase, model: ModelSpec, candidate: Candidate
) -> dict[str, Any]:
    """Build the `CreateModelPackage` request of a candidate, addressed by the group's ARN.

    The version starts `PendingManualApproval` in life-cycle Development/PendingApproval, so
    that nobody has to touch it before a person decides. The client token is a function of
    group and artifact: a retried call is the same call.
    """
    cycle = lifecycle_of(Stage.DEVELOPMENT, Status.PENDING, "registered by training")
    metadata = {
        USE_CASE: case.id,
        MODEL: model.name,
        ARTIFACT_SHA256: candidate.digest.hex,
        ARTIFACT_VERSION: candidate.artifact_object_version,
        GATE_REPORT_SHA256: candidate.gate_report_sha256,
        MLFLOW_RUN: candidate.mlflow_run,
        DAG_RUN: candidate.dag_run,
        TRAINED_BY: candidate.trained_by,
        VALIDATION_METRICS: _compact(candidate.metrics),
    }
    if candidate.requested_by and candidate.requested_by != candidate.trained_by:
        metadata[REQUESTED_BY] = candidate.requested_by
    return {
        "ModelPackageGroupName": str(group),
        "ModelPackageDescription": f"{model.name} {candidate.digest.short}",
        "ModelApprovalStatus": "PendingManualApproval",
        "ModelLifeCycle": {
            "Stage": cycle.stage,
            "StageStatus": cycle.status,
            "StageDescription": cycle.description,
        },
        "InferenceSpecification": {
            "Containers": [{"Image": candidate.image_uri, "ModelDataUrl": candidate.artifact_uri}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        "ModelMetrics": {
            "ModelQuality": {
                "Statistics": {
                    "ContentType": "application/json",
                    "ContentDigest": f"sha256:{candidate.gate_report_sha256}",
                    "S3Uri": candidate.gate_report_uri,
                }
            }
        },
        "CustomerMetadataProperties": {k: v[:METADATA_VALUE] for k, v in metadata.items() if v},
        "ModelCard": {
            "ModelCardContent": canonical_json(card_content(case, model, candidate)),
            "ModelCardStatus": "Draft",
        },
        "ClientToken": sha256(f"{group}\n{candidate.digest}")[:36],
    }


def card_content(case: UseCase, model: ModelSpec, candidate: Candidate) -> dict[str, Any]:
    """Return the card inside the package: the reduced schema, texts up to 2048 characters.

    `model_overview` knows only creator and artifact there, and there is no package section
    (unlike the standalone card).
    """
    return {
        "model_overview": {
            "model_creator": candidate.trained_by,
            "model_artifact": [candidate.artifact_uri],
        },
        "intended_uses": {
            "purpose_of_model": (model.purpose or model.description)[:2048],
            "risk_rating": _RISK_RATING[model.risk],
        },
        "business_details": {
            "line_of_business": case.line_of_business,
            "business_problem": case.name,
        },
        "training_details": {
            "training_observations": (
                f"dataset {candidate.dataset_digest}; hyperparameters "
                f"{canonical_json(dict(candidate.hyperparameters))}"
            )[:2048],
        },
        "evaluation_details": [
            {
                "name": "held-out test part",
                "metric_groups": [
                    {
                        "name": "quality",
                        "metric_data": [
                            {"name": name, "type": "number", "value": value}
                            for name, value in sorted(candidate.metrics.items())
                        ],
                    }
                ],
            }
        ],
        "additional_information": {
            "custom_details": {
                "UseCaseId": case.id,
                "UseCaseName": case.name,
                "UseCaseStage": case.stage,
            }
        },
    }


def version_of(description: Mapping[str, Any]) -> RegistryVersion:
    """Read a version from a `DescribeModelPackage` answer or a `Search` result's record.

    Raises:
        UnexpectedState: the description is of something that is no group's version.
    """
    container = (description.get("InferenceSpecification") or {}).get("Containers") or [{}]
    cycle = description.get("ModelLifeCycle")
    created = _aware(description["CreationTime"])
    by = (description.get("LastModifiedBy") or description.get("CreatedBy") or {}).get(
        "IamIdentity"
    ) or {}
    return RegistryVersion(
        arn=ModelPackageArn.parse(description["ModelPackageArn"]),
        package_status=description.get("ModelPackageStatus", ""),
        approval_status=description.get("ModelApprovalStatus", ""),
        approval_description=description.get("ApprovalDescription", ""),
        lifecycle=(
            LifeCycle(cycle["Stage"], cycle["StageStatus"], cycle.get("StageDescription", ""))
            if cycle
            else None
        ),
        model_data_url=container[0].get("ModelDataUrl"),
        image_uri=container[0].get("Image"),
        created_at=created,
        modified_at=_aware(description.get("LastModifiedTime") or created),
        modified_by_identity=by.get("SourceIdentity"),
        modified_by_arn=by.get("Arn"),
        metadata=dict(description.get("CustomerMetadataProperties") or {}),
    )


def find_by_digest(versions: Iterable[RegistryVersion], digest: Digest) -> RegistryVersion | None:
    """Return the newest version that carries the digest: the same artifact is found, not remade."""
    same = [version for version in versions if version.artifact_sha256 == digest.hex]
    return max(same, key=lambda version: version.arn.version, default=None)


def _compact(metrics: Mapping[str, float]) -> str:
    """Write as many metrics, by name, as fit into the value of one metadata property."""
    kept: dict[str, float] = {}
    for name in sorted(metrics):
        longer = kept | {name: round(metrics[name], 6)}
        if len(canonical_json(longer)) <= METADATA_VALUE:
            kept = longer
    return canonical_json(kept)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
