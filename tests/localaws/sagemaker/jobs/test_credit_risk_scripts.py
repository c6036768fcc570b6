"""The credit-risk scripts as real jobs and a real endpoint, from a raw file to a live answer."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from sklearn.metrics import roc_auc_score

from causeway.datasets.datasets import preprocess_document
from causeway.features.groups import contract_document, group_file
from causeway.ingestion import samples
from causeway.ingestion.raw_data import validate_raw
from causeway.topology.compute import Compute
from causeway.training.jobs import Code, Input, Processing, TrainingJob, read_code
from causeway.use_cases.files import use_case
from causeway.use_cases.resource_specs import Resources
from tests.jobs.scripts import joined
from tests.localaws.sagemaker.work import IMAGE, SERVING, SKLEARN, Workshop
from tests.refusals import refused


class Jobs:
    """Runs the use case's scripts as jobs, with the requests that the domain builds."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.case = use_case("credit_risk")
        self.code: Code = read_code("boosted_trees")
        for name, body in self.code.files.items():
            workshop.put(f"code/{name}", body)
        self.bundle = workshop.put("bundle/sourcedir.tar.gz", self.code.archive())
        kms = workshop.aws.client("kms", workshop.account)
        self.key = kms.create_key()["KeyMetadata"]["Arn"]

    def process(self, script: str, image: str, **inputs: str) -> str:
        """Run a script over inputs and return the prefix of its output."""
        described, output = self.run(script, image, **inputs)
        assert described["ProcessingJobStatus"] == "Completed", described
        return output

    def run(self, script: str, image: str, **inputs: str) -> tuple[dict[str, Any], str]:
        bucket = self.workshop.bucket
        job = Processing(
            subject="credit_risk",
            script=script,
            code=self.code,
            code_uri=f"s3://{bucket}/code/",
            folders=[Input(name, f"s3://{bucket}/{key}") for name, key in inputs.items()],
            output="result",
            output_root=f"s3://{bucket}/jobs",
            image=image,
            runs_on=Resources(instance_type="ml.m5.large"),
            compute=Compute(),
            role_arn=self.workshop.role,
            kms_key=self.key,
        )
        self.workshop.sagemaker.create_processing_job(**job.request({}))
        return self.workshop.processed(job.name), f"jobs/{job.name}/result"

    def train(self, parts: str) -> dict[str, Any]:
        bucket = self.workshop.bucket
        job = TrainingJob(
            subject="credit_risk",
            script="train.py",
            code=self.code,
            bundle_uri=self.bundle,
            channels=[
                Input(name, f"s3://{bucket}/{parts}/{name}/") for name in ("train", "validation")
            ],
            candidate="c1",
            hyperparameters={"max_depth": 5, "eta": 0.1, "gamma": 4, "num_boost_round": 50},
            output_root=f"s3://{bucket}/models",
            image=IMAGE,
            runs_on=Resources(instance_type="ml.m5.large"),
            compute=Compute(),
            role_arn=self.workshop.role,
            kms_key=self.key,
            metrics={},
        )
        self.workshop.sagemaker.create_training_job(**job.request({}))
        return self.workshop.trained(job.name)


@pytest.mark.timeout(180)
def test_raw_file_becomes_an_answering_endpoint(workshop: Workshop, tmp_path: Path) -> None:
    jobs = Jobs(workshop)
    rows = tmp_path / "rows.parquet"
    validate_raw(
        samples.write("credit_risk", 1000, 0, tmp_path / "raw"),
        jobs.case.raw_source(),
        rows_to=rows,
    )
    workshop.put("rows/rows.parquet", rows.read_bytes())
    workshop.put("contract/contract.json", json.dumps(contract_document(jobs.case.raw_source())))
    features = jobs.process("features.py", SKLEARN, rows="rows/", contract="contract/")

    tables = [
        pyarrow.parquet.read_table(
            io.BytesIO(workshop.read(f"{features}/{group_file(jobs.case.id, group)}"))
        )
        for group in jobs.case.feature_groups
    ]
    dataset = io.BytesIO()
    pyarrow.parquet.write_table(joined(tables), dataset)
    workshop.put("dataset/dataset.parquet", dataset.getvalue())
    document = preprocess_document(jobs.case, jobs.case.models[0])
    workshop.put("document/contract.json", json.dumps(document))
    parts = jobs.process("preprocess.py", SKLEARN, dataset="dataset/", contract="document/")

    trained = jobs.train(parts)
    assert trained["TrainingJobStatus"] == "Completed", trained.get("FailureReason")
    model_key = trained["ModelArtifacts"]["S3ModelArtifacts"].split("/", 3)[3]
    head = workshop.s3.head_object(Bucket=workshop.bucket, Key=model_key)
    assert head["SSEKMSKeyId"] == jobs.key
    output = workshop.artifact(model_key.replace("model.tar.gz", "output.tar.gz"))
    assert json.loads(output["metrics.json"])["final"]["validation_auc"] > 0.7

    # The scikit-learn image has no xgboost: an evaluation there ends as it does on AWS.
    described, _ = jobs.run("evaluate.py", SKLEARN, model=model_key, test=f"{parts}/test/")
    assert described["ProcessingJobStatus"] == "Failed"
    assert "No module named 'xgboost'" in described["FailureReason"]
    evaluation = jobs.process("evaluate.py", IMAGE, model=model_key, test=f"{parts}/test/")
    measured = json.loads(workshop.read(f"{evaluation}/evaluation.json"))["metrics"]
    assert measured["auc"] >= 0.76

    workshop.sagemaker.create_model(
        ModelName="credit-risk",
        ExecutionRoleArn=workshop.role,
        PrimaryContainer={
            "Image": IMAGE,
            "ModelDataUrl": trained["ModelArtifacts"]["S3ModelArtifacts"],
            "Environment": SERVING,
        },
    )
    workshop.config("credit-risk", {"credit-risk": 1})
    workshop.sagemaker.create_endpoint(EndpointName="credit-risk", EndpointConfigName="credit-risk")
    assert workshop.settled("credit-risk")["EndpointStatus"] == "InService"
    held_out = workshop.read(f"{parts}/evaluation/test.csv").decode()
    answer = workshop.invoke("credit-risk", held_out, ContentType="text/csv", Accept="text/csv")
    labels = [int(row["credit_risk"]) for row in csv.DictReader(io.StringIO(held_out))]
    live = roc_auc_score(labels, [float(line) for line in answer.splitlines()])
    assert live == pytest.approx(measured["auc"], abs=1e-6)

    row = dict(next(csv.DictReader(io.StringIO(held_out)))) | {"purpose": "77"}
    refusal = refused(
        "ModelError",
        workshop.runtime.invoke_endpoint,
        EndpointName="credit-risk",
        Body=json.dumps([row]),
        ContentType="application/json",
    )
    assert refusal.reply["OriginalStatusCode"] == 400
    assert refusal.reply["OriginalMessage"].startswith("row 1, column 'purpose': '77' is an")
