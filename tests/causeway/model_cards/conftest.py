"""What is known about a model before and after its registration."""

from __future__ import annotations

import json
from typing import Any

import pytest

from causeway.digests import Digest
from causeway.model_cards.content import package_content
from causeway.model_cards.fields import Facts
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.registry import Candidate, RegistryVersion, StoredDocument

IMAGE = f"492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost@sha256:{'f' * 64}"


@pytest.fixture(scope="session")
def candidate() -> Candidate:
    return Candidate(
        digest=Digest("a" * 64),
        artifact_uri="s3://bucket/models/credit_risk/a/model.tar.gz",
        artifact_object_version="v1",
        manifest_sha256="e" * 64,
        source_uri="s3://jobs/train/model.tar.gz",
        gate_report=StoredDocument("s3://bucket/report.json", "b" * 64),
        gate_verdict="pass",
        image_uri=IMAGE,
        generated_by="arn:aws:sagemaker:eu-central-1:222222222222:training-job/train",
        mlflow_run="run",
        dag_run="manual__1",
        trained_by="ml-engineer",
        metrics={"auc": 0.8, "accuracy": 0.75},
        training_metrics={"validation_auc": 0.79},
        hyperparameters={"eta": 0.1, "max_depth": 5},
        dataset_digest="d" * 64,
        dataset_uri="s3://bucket/datasets/d.parquet",
    )


@pytest.fixture
def registered(
    case: UseCase, model: ModelSpec, candidate: Candidate, make_version: Any
) -> RegistryVersion:
    version: RegistryVersion = make_version(
        2,
        image_uri=IMAGE,
        metadata={"dataset-sha256": "d" * 64, "mlflow-run": "run"},
        card=json.dumps(package_content(Facts(case, model, candidate))),
    )
    return version
