"""The model registry: the candidate to register, and a version as the registry describes it.

A version belongs to the shared group, is addressed by the group's ARN, and carries in its customer
metadata what binds it: the artifact's digest and object version, the gate report's digest, the
runs. The request that makes one is `causeway.registration.request`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from causeway.digests import Digest
from causeway.plain_texts import decoded, decoded_metrics
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.stages import UNRECORDED
from causeway.versions.fingerprint import REQUEST_SHA256, package_sha256, request_sha256
from causeway.versions.stages import LifeCycle

USE_CASE: Final = "use-case"
MODEL: Final = "model"
ARTIFACT_SHA256: Final = "artifact-sha256"
ARTIFACT_VERSION: Final = "artifact-object-version"
MANIFEST_SHA256: Final = "manifest-sha256"
DATASET: Final = "dataset-sha256"
COMPARISON: Final = "comparison"
VALIDATION_METRICS: Final = "validation-metrics"
GATE_REPORT_SHA256: Final = "gate-report-sha256"
#: Where the rows come from, in words, and whether any of them are invented.
DATA_SOURCE: Final = "data-source"
SYNTHETIC: Final = "synthetic-data"
MLFLOW_RUN: Final = "mlflow-run"
DAG_RUN: Final = "dag-run"
TRAINED_BY: Final = "trained-by"
#: Written when somebody other than the trainer asked for the registration.
REQUESTED_BY: Final = "requested-by"
#: The name of an artifact in the folder of its digest.
ARTIFACT: Final = "model.tar.gz"
#: The tag of an artifact's object version that each account's deployer and endpoints may read.
RELEASES: Final[Mapping[AccountRole, str]] = MappingProxyType(
    {
        AccountRole.TEST: "causeway-approved-test",
        AccountRole.PROD: "causeway-approved-production",
    }
)
#: The value of that tag.
RELEASED: Final = "true"

#: The customer metadata that Causeway writes. Nobody may change it, and the fingerprint covers it.
OWN_METADATA: Final = (
    USE_CASE,
    MODEL,
    ARTIFACT_SHA256,
    ARTIFACT_VERSION,
    MANIFEST_SHA256,
    DATASET,
    DATA_SOURCE,
    SYNTHETIC,
    COMPARISON,
    VALIDATION_METRICS,
    GATE_REPORT_SHA256,
    MLFLOW_RUN,
    DAG_RUN,
    TRAINED_BY,
    REQUESTED_BY,
    REQUEST_SHA256,
)


@dataclass(frozen=True)
class StoredDocument:
    """A document beside the artifact in the shared bucket."""

    uri: str
    sha256: str


@dataclass(frozen=True)
class Candidate:
    """The chosen candidate with everything that its registration needs.

    `image_uri` names the container by its digest; `documents` are baselines and reports by the
    names of `causeway.registration.request.DOCUMENTS`; `generated_by` is the training job's ARN.
    """

    digest: Digest
    artifact_uri: str
    artifact_object_version: str
    manifest_sha256: str
    source_uri: str
    gate_report: StoredDocument
    gate_verdict: str
    image_uri: str
    generated_by: str
    mlflow_run: str
    dag_run: str
    trained_by: str
    metrics: Mapping[str, float]
    training_metrics: Mapping[str, float]
    hyperparameters: Mapping[str, Any]
    dataset_digest: str
    dataset_uri: str
    documents: Mapping[str, StoredDocument] = field(default_factory=dict)
    comparison: StoredDocument | None = None
    commit: str | None = None
    repository: str | None = None
    requested_by: str | None = None
    use_case_stage: str = UNRECORDED
    data_source: str = "unknown"
    synthetic: str = "unknown"


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
    #: The content of the card inside the package, as it was written.
    card: str = "{}"
    #: The fingerprints of what is registered now: of all, and of what the request had in common.
    package_sha256: str = ""
    request_sha256: str = ""

    @property
    def artifact_sha256(self) -> str | None:
        """The artifact's digest, or None when the version carries no well-formed one."""
        return self._digest(ARTIFACT_SHA256)

    @property
    def gate_report_sha256(self) -> str | None:
        """The gate report's digest, or None when the version carries no well-formed one."""
        return self._digest(GATE_REPORT_SHA256)

    @property
    def is_as_registered(self) -> bool:
        """Whether it is what the registrar asked for, the card inside it apart."""
        return self.request_sha256 == self._digest(REQUEST_SHA256)

    def _digest(self, key: str) -> str | None:
        value = self.metadata.get(key, "")
        return value if re.fullmatch(r"[0-9a-f]{64}", value) else None

    @property
    def validation_metrics(self) -> Mapping[str, float]:
        """The metrics it was gated on, or none when the version carries none that can be read."""
        try:
            return decoded_metrics(self.metadata.get(VALIDATION_METRICS, ""))
        except ValueError:
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
    return f"models/{model}/{digest}/{ARTIFACT}"


def held_out_key(model: str, digest: Digest) -> str:
    """Return the key of the held-out raw rows with label, for the test of an endpoint."""
    return f"models/{model}/{digest}/evaluation/test.csv"


def gate_report_key(model: str, digest: Digest, report_sha256: str) -> str:
    """Return the key of a gate report beside the artifact.

    The report's own digest is in it: the same artifact may be judged again, against another
    version in production, and each version refers to the report that it was registered with.
    """
    return f"models/{model}/{digest}/gate-reports/{report_sha256}.json"


def manifest_key(model: str, digest: Digest) -> str:
    """Return the key of the artifact's manifest."""
    return f"models/{model}/{digest}/manifest.json"


def document_key(model: str, digest: Digest, name: str, sha256: str, ending: str = "json") -> str:
    """Return the key of a baseline, report or comparison: the name, and the content's digest."""
    return f"models/{model}/{digest}/documents/{name}-{sha256}.{ending}"


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
        metadata={
            key: value if key == VALIDATION_METRICS else decoded(value)
            for key, value in (description.get("CustomerMetadataProperties") or {}).items()
        },
        card=(description.get("ModelCard") or {}).get("ModelCardContent") or "{}",
        package_sha256=package_sha256(description, OWN_METADATA),
        request_sha256=request_sha256(description, OWN_METADATA),
    )


def find_by_digest(versions: Iterable[RegistryVersion], digest: Digest) -> RegistryVersion | None:
    """Return the newest version that carries the digest: an artifact is not registered twice.

    One that was changed since, or made by hand, does not count.
    """
    same = [
        version
        for version in versions
        if version.artifact_sha256 == digest.hex and version.is_as_registered
    ]
    return max(same, key=lambda version: version.arn.version, default=None)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
