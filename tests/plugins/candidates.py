"""Candidates that need no training: an artifact of two small files, gated and ready to register."""

from __future__ import annotations

import io
import tarfile
from functools import cache
from typing import Any

from causeway.digests import sha256
from causeway.gates.judges import evaluate
from causeway.governance.table import promotion_run_id
from causeway.topology.accounts import AccountRole
from causeway.topology.arns import ModelPackageArn
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context
from tests.plugins.results import BEST, DATASET

BUCKET = "causeway-data-science-222222222222-eu-central-1"
#: What every operator of the model is told.
ABOUT: dict[str, Any] = {"use_case": "credit_risk", "model": "credit_risk"}
# Answers 0.9 for every row whose only feature is 1, 0.1 for the others.
INFERENCE = """
def model_fn(folder): return None
def input_fn(body, content_type):
    text = body.decode() if isinstance(body, bytes) else body
    return [line.split(",") for line in text.strip().splitlines()[1:]]
def predict_fn(rows, model): return [0.9 if row[1] == "1" else 0.1 for row in rows]
def output_fn(values, accept): return "\\n".join(map(str, values)), "text/csv"
"""
HELD_OUT = "record_id,status,credit_risk\n" + "".join(
    f"sgc-{n:06d},{n % 2},{n % 2}\n" for n in range(40)
)
METRICS = {"auc": 1.0, "accuracy": 1.0}


@cache
def archive(note: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in {"code/inference.py": INFERENCE, "note.txt": note}.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


def source_of(note: str) -> str:
    """Return where the training job left an artifact."""
    return f"s3://{BUCKET}/jobs/credit_risk/{sha256(note)}/model.tar.gz"


def register(note: str) -> Any:
    """Return the operator that registers an artifact of its own, as training would hand it on."""
    from causeway_airflow.configuration import case_and_model, topology
    from causeway_airflow.hooks.artifacts import ArtifactsHook
    from causeway_airflow.operators.registration import RegisterModelOperator
    from causeway_airflow.tasks.gates import store

    files, body = ArtifactsHook("causeway_data_science_trainer"), archive(note)
    model_uri = source_of(note)
    held_out = f"s3://{BUCKET}/jobs/credit_risk/held-out/test.csv"
    files.put(model_uri, body, sha256=sha256(body))
    files.put(held_out, HELD_OUT.encode(), sha256=sha256(HELD_OUT))
    digest = files.digest(model_uri)
    _, model = case_and_model("credit_risk", "credit_risk")
    report = evaluate(
        model.gates,
        METRICS,
        model=model.name,
        artifact_sha256=digest,
        dataset_digest=DATASET["digest"],
    )
    return RegisterModelOperator(
        task_id="register",
        **ABOUT,
        best={
            **BEST,
            "model_uri": model_uri,
            "job": f"credit-risk-train-{sha256(note)[:8]}",
            "metrics": {"validation_auc": 0.99},
            "image_uri": topology().image("xgboost"),
        },
        gate={
            "artifact_sha256": digest,
            "report_uri": store(files, AccountRole.DATA_SCIENCE, "credit_risk", report),
            "report_sha256": report.digest,
            "metrics": dict(report.metrics),
            "documents": {},
        },
        held_out=held_out,
        dataset=DATASET,
    )


def sync(runs: int = 0) -> list[dict[str, Any]]:
    """Sync the registry; returns the promotions that are to be started."""
    from causeway_airflow.operators.governance import SyncOperator

    started: list[dict[str, Any]] = SyncOperator(task_id="sync").perform(context(runs=runs))
    return started


def approve(platform: LocalPlatform, version: str, verdict: str = "Approved") -> None:
    """Decide on a version's way into test as its model owner, and have that noticed."""
    platform.person("model-owner").update_model_package(
        ModelPackageArn=version, ModelApprovalStatus=verdict, ApprovalDescription="because"
    )
    sync()


def run_of(version: str, attempt: int = 1) -> dict[str, Any]:
    """Return the context of a version's promotion run."""
    return context(promotion_run_id(ModelPackageArn.parse(version), attempt))


def deploy(version: str) -> Any:
    """Return the operator that deploys a version into the test account."""
    from causeway_airflow.operators.endpoints import DeployEndpointOperator

    return DeployEndpointOperator(
        task_id="deploy", account_role="test", version_arn=version, attempt=1, **ABOUT
    )


def asked(version: str) -> None:
    """Ask the test endpoint about the version, which gives the lease back."""
    from causeway_airflow.operators.promotion import EndpointTestOperator

    EndpointTestOperator(
        task_id="test", account_role="test", version_arn=version, attempt=1, **ABOUT
    ).perform(run_of(version))
