"""What the tasks of a training hand over, as the tasks after them take it."""

from __future__ import annotations

from typing import Final

from causeway_airflow.results import Dataset, TrainedJob

BUCKET: Final = "s3://causeway-data-science-222222222222-eu-central-1"

DATASET: Final[Dataset] = {
    "digest": "d" * 64,
    "uri": f"{BUCKET}/datasets/credit_risk/dataset.parquet",
    "rows": 1000,
    "groups": ["credit-risk-applicant"],
    "missing": {},
    "query_sha256": "e" * 64,
    "snapshot": "2026-01-01T00:00:00Z",
    "execution_id": "query",
    "sources": ["credit.asc, 1000 rows"],
    "synthetic": "no",
}
TRAINED: Final[TrainedJob] = {
    "job": "credit-risk-train",
    "model_uri": f"{BUCKET}/jobs/credit_risk/output/model.tar.gz",
    "output_uri": f"{BUCKET}/jobs/credit_risk/output/output.tar.gz",
    "hyperparameters": {"max_depth": "5", "sagemaker_program": "train.py"},
    "image_uri": "image",
}
