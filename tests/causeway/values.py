"""Values that the domain's tests speak about: accounts, region, ARNs and a candidate."""

from __future__ import annotations

from typing import Any

from causeway.digests import Digest
from causeway.documents import parse
from causeway.use_cases.files import use_case
from causeway.use_cases.use_case import UseCase
from causeway.versions.registry import Candidate, StoredDocument

REGION = "eu-central-1"
#: The accounts of the shipped local topology, and one that nobody declares.
DATA, DATA_SCIENCE, SHARED_SERVICES = "111111111111", "222222222222", "333333333333"
STRANGER = "999999999999"
_REGISTRY = f"arn:aws:sagemaker:{REGION}:{SHARED_SERVICES}"
MODEL_GROUP = f"{_REGISTRY}:model-package-group/credit-risk"
#: What the ARNs of the group's versions begin with.
VERSIONS = f"{_REGISTRY}:model-package/credit-risk"
CARD = f"{_REGISTRY}:model-card/credit-risk"

IMAGE = f"492215442770.dkr.ecr.{REGION}.amazonaws.com/sagemaker-xgboost@sha256:{'f' * 64}"
CANDIDATE = Candidate(
    digest=Digest("a" * 64),
    artifact_uri="s3://bucket/models/credit_risk/a/model.tar.gz",
    artifact_object_version="v1",
    manifest_sha256="e" * 64,
    source_uri="s3://jobs/train/model.tar.gz",
    gate_report=StoredDocument("s3://bucket/report.json", "b" * 64),
    gate_verdict="pass",
    image_uri=IMAGE,
    generated_by=f"arn:aws:sagemaker:{REGION}:{DATA_SCIENCE}:training-job/train",
    mlflow_run="run",
    dag_run="manual__1",
    trained_by="ml-engineer",
    metrics={"auc": 0.8},
    training_metrics={"validation_auc": 0.79},
    hyperparameters={"eta": 0.1},
    dataset_digest="d" * 64,
    dataset_uri="s3://bucket/datasets/d.parquet",
    data_source="mine.csv, 9 rows",
    synthetic="no",
)


def use_case_with(**changes: Any) -> UseCase:
    """Return the credit-risk use case with other parts, which are not checked against the rest."""
    changed = use_case("credit_risk").model_copy(update=changes)
    changed.__dict__.pop("raw_sources", None)  # known already of the parts that were there before
    return changed


def use_case_of(text: str, file: str = "credit_risk.yaml") -> UseCase:
    """Read a use case from a text; `file` is only named in the errors."""
    return parse(text, UseCase, file)
