"""A training of credit risk on the local AWS, by the operators of its DAG: its jobs really run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from causeway.datasets.datasets import table_digest
from causeway.digests import sha256
from causeway.topology.account_roles import AccountRole
from causeway.use_cases.files import use_case
from causeway.use_cases.use_case import USE_CASES_DIR
from causeway_airflow.results import Dataset
from tests.jobs.scripts import Chain
from tests.plugins.candidates import ABOUT
from tests.plugins.conftest import context, execute
from tests.plugins.results import DATASET

JOB: dict[str, Any] = {**ABOUT, "account_role": "data_science", "duty": "trainer"}


def small_use_cases(folder: Path, **model: Any) -> Path:
    """Write the shipped use cases, credit risk with two quick candidates; return their folder.

    `model` are other keys of its model.
    """
    for path in USE_CASES_DIR.glob("*.yaml"):
        document = yaml.safe_load(path.read_text())
        if document["id"] == "credit_risk":
            training = document["models"][0]["training"]
            training["candidates"] = training["candidates"][:2]
            training["repeated_splits"] = 0
            document["models"][0] |= model
        (folder / path.name).write_text(yaml.safe_dump(document, sort_keys=False))
    return folder


@dataclass
class Training:
    """A training after its dataset was built; each step is what the DAG's task does."""

    dataset: Dataset
    candidates: int
    seed: int | None = None

    @property
    def about(self) -> dict[str, Any]:
        """What gate and registration are told."""
        return {**ABOUT, "dataset": self.dataset["uri"], "seed": self.seed}

    def preprocess(self) -> str:
        """Split the dataset; return the folder of the parts."""
        from causeway_airflow.operators.jobs import ProcessingJobOperator

        task = ProcessingJobOperator(
            task_id="preprocess",
            script="preprocess.py",
            inputs={"dataset": self.dataset["uri"]},
            document="preprocess",
            output_name="parts",
            **JOB,
        )
        parts: str = execute(task, context())["outputs"]["parts"]
        return parts

    def train(self, parts: str) -> list[Any]:
        """Train the candidates; return the results of the jobs."""
        from causeway_airflow.operators.jobs import TrainingJobOperator

        channels = {name: f"{parts}/{name}" for name in ("train", "validation")}
        return [
            execute(
                TrainingJobOperator(
                    task_id="train", index=index, channels=channels, seed=self.seed, **JOB
                ),
                context(),
            )
            for index in range(self.candidates)
        ]

    def track(self, jobs: list[Any], run_id: str = "run-1") -> Any:
        """Log the candidates and pick the best."""
        from causeway_airflow.operators.tracking import TrackCandidatesOperator

        track = TrackCandidatesOperator(task_id="track", jobs=jobs, dataset=self.dataset, **ABOUT)
        return track.perform(context(run_id))

    def evaluate(self, best: Any, parts: str) -> str:
        """Evaluate a candidate beside what is in production; return the evaluation's folder."""
        from causeway_airflow.operators.jobs import ProcessingJobOperator

        task = ProcessingJobOperator(
            task_id="evaluate",
            script="evaluate.py",
            inputs={
                "model": best["model_uri"],
                "test": f"{parts}/test",
                "raw": f"{parts}/evaluation",
                "production": best["production_uri"],
            },
            document="evaluation",
            output_name="evaluation",
            **JOB,
        )
        folder: str = execute(task, context())["outputs"]["evaluation"]
        return folder

    def gate(self) -> Any:
        """Judge the best."""
        from causeway_airflow.operators.gates import GateOperator

        return GateOperator(task_id="gate", **self.about).perform(context())

    def register(self, report: str, mlflow_run: str = "run") -> Any:
        """Return the operator that registers the best."""
        from causeway_airflow.operators.registration import RegisterModelOperator

        return RegisterModelOperator(
            task_id="register", report=report, mlflow_run=mlflow_run, **self.about
        )


def training(folder: Path, rows: int | None = None) -> Training:
    """Return the training on a dataset of the published data, as many rows of it as are asked."""
    import pyarrow.parquet as pq

    from causeway_airflow.configuration import case_and_model, topology
    from causeway_airflow.hooks.artifacts import ArtifactsHook

    chain = Chain(folder, use_case("credit_risk"), "credit.asc")
    folder.mkdir()
    table = pq.read_table(chain.join(chain.engineer()) / "dataset.parquet").slice(0, rows)
    pq.write_table(table, folder / "slice.parquet")
    digest, body = table_digest(table), (folder / "slice.parquet").read_bytes()
    bucket = topology().bucket(AccountRole.DATA_SCIENCE)
    uri = f"s3://{bucket}/datasets/credit_risk/{digest}/dataset.parquet"
    ArtifactsHook("causeway_data_science_trainer").put(uri, body, sha256=sha256(body))
    _, model = case_and_model("credit_risk", "credit_risk")
    return Training({**DATASET, "digest": digest, "uri": uri}, model.training.count)
