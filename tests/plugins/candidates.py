"""Candidates that need no training: an artifact of two small files, gated and ready to register."""

from __future__ import annotations

import gzip
import io
import tarfile
from functools import cache
from typing import TYPE_CHECKING, Any

from causeway.digests import sha256
from causeway.governance.table import promotion_run_id
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context, execute
from tests.plugins.results import DATASET, TRAINED

if TYPE_CHECKING:
    from causeway_airflow.tasks.evidence import Evidence

BUCKET = "causeway-data-science-222222222222-eu-central-1"
#: What every operator of the model is told.
ABOUT: dict[str, Any] = {"use_case": "credit_risk", "model": "credit_risk"}
# Answers 0.9 for every row whose only feature is 1, 0.1 for the others; or as sure as it is made.
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
METRICS = {"auc": 1.0, "accuracy": 1.0, "brier": 0.01}


#: The documents that an evaluation leaves beside its own.
EVALUATED = ("data-statistics.json", "bias-report.json", "explainability.json")


@cache
def archive(note: str, sure: float = 0.9) -> bytes:
    packed, inference = io.BytesIO(), INFERENCE
    for answer, other in (("0.9", sure), ("0.1", 1 - sure)):
        inference = inference.replace(answer, f"{other:.2f}")
    # Without a time of its own, so that the same note is the same artifact.
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        for name, text in {"code/inference.py": inference, "note.txt": note}.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


def source_of(note: str) -> str:
    """Return where the training job left an artifact."""
    return f"s3://{BUCKET}/jobs/credit_risk/{sha256(note)}/model.tar.gz"


def evaluated(auc: float = 1.0, live: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the document of an evaluation that all gates are content with."""
    fair = {"rows": 60, "positives": 40, "selected": 45, "true_positives": 36}
    return {
        "metrics": {**METRICS, "auc": auc},
        "rows": 150,
        "classes": {"0": 50, "1": 100},
        "inputs": {"model.tar.gz": "a" * 64},
        "calibration": {"ece": 0.05},
        "fairness": {
            attribute: {"one": fair, "other": fair}
            for attribute in ("sex", "age", "foreign_worker")
        },
        "drift": {"rows": 150, "features": {"age": {"psi": 0.02, "ks": 0.05}}},
        **({"production": live} if live else {}),
    }


def evidence_of(note: str, body: bytes, sure: float = 0.9) -> Evidence:
    """Store what the jobs of a training would have left of an artifact; return what they say."""
    from causeway_airflow.configuration import topology
    from causeway_airflow.hooks.artifacts import ArtifactsHook
    from causeway_airflow.tasks.evidence import Evidence

    files, root = ArtifactsHook("causeway_data_science_trainer"), f"s3://{BUCKET}/jobs/credit_risk"
    folder = f"{root}/{sha256(note)}/evaluation"
    contents = {source_of(note): body, f"{root}/held-out/evaluation/test.csv": HELD_OUT.encode()}
    contents |= {f"{folder}/{file}": b"{}" for file in EVALUATED}
    for uri, content in contents.items():
        files.put(uri, content, sha256=sha256(content))
    document = {**evaluated(), "inputs": {"model.tar.gz": sha256(body)}}
    document["metrics"] = {**METRICS, "brier": (1 - sure) ** 2}
    return Evidence(
        best={
            **TRAINED,
            "model_uri": source_of(note),
            "job": f"credit-risk-train-{sha256(note)[:8]}",
            "image_uri": topology().image("xgboost"),
        },
        metrics={"validation_auc": 0.99},
        parts=f"{root}/held-out",
        dataset_uri=DATASET["uri"],
        dataset_digest=DATASET["digest"],
        evaluation=folder,
        document=document,
        in_production="",
    )


def register(note: str, body: bytes | None = None, sure: float = 0.9) -> Any:
    """Return the operator that registers an artifact of its own, as training would hand it on.

    Its jobs never ran: it is given what they would have said. The tries in `tests/security` and the
    lifecycles ask jobs that did.
    """
    from causeway_airflow.configuration import case_and_model
    from causeway_airflow.hooks.artifacts import ArtifactsHook
    from causeway_airflow.operators.registration import RegisterModelOperator
    from causeway_airflow.tasks.gates import judged, store

    body = archive(note, sure) if body is None else body
    evidence = evidence_of(note, body, sure)
    report = judged(case_and_model("credit_risk", "credit_risk")[1], evidence)
    files = ArtifactsHook("causeway_data_science_trainer")

    class Register(RegisterModelOperator):
        report_uri = store(files, AccountRole.DATA_SCIENCE, "credit_risk", report)

        def evidence(self) -> Evidence:
            return evidence

    return Register(
        task_id="register", dataset=DATASET["uri"], report=report.digest, mlflow_run="run", **ABOUT
    )


def sync(runs: int = 0, failed: int = 0) -> list[dict[str, Any]]:
    """Sync the registry; returns the promotions that are to be started.

    `runs`: how many runs Airflow says there are of any promotion; `failed`: that have failed.
    """
    from causeway_airflow.operators.governance import SyncOperator

    started: list[dict[str, Any]] = SyncOperator(task_id="sync").perform(
        context(runs=runs, failed=failed)
    )
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

    test = EndpointTestOperator(
        task_id="test", account_role="test", version_arn=version, attempt=1, **ABOUT
    )
    execute(test, run_of(version))


def say_production(platform: LocalPlatform, version: str, word: str = "Approved") -> None:
    """Say a word on a version's way into production as the governance officer."""
    platform.person("governance-officer").update_model_package(
        ModelPackageArn=version,
        ModelLifeCycle={"Stage": "Production", "StageStatus": word, "StageDescription": "so"},
    )


def to_production(version: str) -> Any:
    """Return the operator that deploys a version into the production account."""
    from causeway_airflow.operators.endpoints import DeployEndpointOperator

    return DeployEndpointOperator(
        task_id="deploy", account_role="prod", version_arn=version, attempt=1, **ABOUT
    )


def smoke(version: str) -> Any:
    """Return the operator that asks the production endpoint and ends the promotion."""
    from causeway_airflow.operators.promotion import SmokeTestOperator

    return SmokeTestOperator(
        task_id="smoke", account_role="prod", version_arn=version, attempt=1, **ABOUT
    )


def clear(platform: LocalPlatform, version: str) -> str:
    """Take an approved version through its test and have the officer approve it, too."""
    execute(deploy(version), run_of(version))
    asked(version)
    sync()
    say_production(platform, version)
    sync()
    return version
