"""The model package group that tests share, and versions of it."""

from __future__ import annotations

from typing import Any

from tests.accounts import ACCOUNTS, REGION

OWNER, TRAINER, STRANGER = "shared_services", "data_science", "test"
GROUP = "credit-risk"
BASE = f"arn:aws:sagemaker:{REGION}:{ACCOUNTS[OWNER]}"
GROUP_ARN = f"{BASE}:model-package-group/{GROUP}"
SPECIFICATION = {
    "Containers": [{"Image": "xgboost:1.7-1", "ModelDataUrl": "s3://b/models/m.tar.gz"}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}
FULL: dict[str, Any] = {
    "ModelPackageDescription": "candidate 3",
    "InferenceSpecification": SPECIFICATION,
    "ModelApprovalStatus": "PendingManualApproval",
    "MetadataProperties": {"CommitId": "abc"},
    "ModelMetrics": {
        "ModelQuality": {
            "Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/gate.json"}
        }
    },
    "CustomerMetadataProperties": {"use-case": "credit_risk", "trained-by": "ml-engineer"},
    "ModelCard": {"ModelCardContent": "{}", "ModelCardStatus": "Draft"},
    "ModelLifeCycle": {"Stage": "Development", "StageStatus": "PendingApproval"},
    "SourceUri": "s3://b/source",
    "SkipModelValidation": "All",
    "Domain": "MACHINE_LEARNING",
    "Task": "CLASSIFICATION",
}


def register(client: Any, group: str = GROUP, **extra: Any) -> str:
    """Register a version and return its ARN."""
    version = client.create_model_package(
        ModelPackageGroupName=group, InferenceSpecification=SPECIFICATION, **extra
    )
    return str(version["ModelPackageArn"])
