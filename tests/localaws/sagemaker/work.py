"""What the tests of jobs and endpoints have in common: buckets, archives, requests, waiting."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from typing import Any

from tests.localaws.conftest import Aws
from tests.localaws.shapes import checked
from tests.localaws.waiting import eventually

REGISTRY = "492215442770.dkr.ecr.eu-central-1.amazonaws.com"
IMAGE = f"{REGISTRY}/sagemaker-xgboost:3.0-5"
SKLEARN = f"{REGISTRY}/sagemaker-scikit-learn:1.4-2-cpu-py3"
#: A copy of the image in an own registry: SageMaker does not take it for one of its algorithms.
OWN_IMAGE = "222222222222.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:3.0-5"
#: What has an image serve `code/inference.py` of the model's archive.
SERVING = {
    "SAGEMAKER_PROGRAM": "inference.py",
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
}
BUCKET = "work"
RESOURCES = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
FINISHED = ("Completed", "Failed", "Stopped")


def archive(files: dict[str, str | bytes]) -> bytes:
    """Return a tar.gz of the files."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for name, content in files.items():
            body = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return raw.getvalue()


class Workshop:
    """An account with a bucket and an execution role, and the calls that start work in it."""

    def __init__(self, aws: Aws, account: str = "data_science") -> None:
        self.aws = aws
        self.account = account
        self.sagemaker = checked(aws.client("sagemaker", account))
        self.runtime = aws.client("sagemaker-runtime", account)
        self.s3 = aws.client("s3", account)
        self.logs = aws.client("logs", account)
        self.s3.create_bucket(
            Bucket=f"{BUCKET}-{account.replace('_', '-')}",
            CreateBucketConfiguration={"LocationConstraint": aws.region},
        )
        self.bucket = f"{BUCKET}-{account.replace('_', '-')}"
        self.role = aws.role(account, "execution")

    def put(self, key: str, body: str | bytes) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def read(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def keys(self, prefix: str = "") -> list[str]:
        reply = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for item in reply.get("Contents", [])]

    def events(self, detail_type: str) -> Callable[[], list[dict[str, Any]]]:
        """Have the account's events of a type sent to a queue; return what reads it empty."""
        sqs = self.aws.client("sqs", self.account)
        events = self.aws.client("events", self.account)
        name = detail_type.replace(" ", "-")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        pattern = json.dumps({"source": ["aws.sagemaker"], "detail-type": [detail_type]})
        events.put_rule(Name=name, EventPattern=pattern)
        arn = f"arn:aws:sqs:{self.aws.region}:{self.aws.account(self.account)}:{name}"
        self.aws.open_queue(self.account, url, arn)
        events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])

        def received() -> list[dict[str, Any]]:
            events: list[dict[str, Any]] = []
            request = {"QueueUrl": url, "MaxNumberOfMessages": 10}
            while batch := sqs.receive_message(**request).get("Messages"):
                for message in batch:
                    events.append(json.loads(message["Body"]))
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return events

        return received

    # ------------------------------------------------------------------ processing
    def processing_request(self, name: str, script: str, **more: Any) -> dict[str, Any]:
        """Return a request that runs a script with an output folder as its argument."""
        code = self.put(f"code/{name}/main.py", script)
        request = {
            "ProcessingJobName": name,
            "RoleArn": self.role,
            "AppSpecification": {
                "ImageUri": IMAGE,
                "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/main.py"],
                "ContainerArguments": ["--output=/opt/ml/processing/output"],
            },
            "ProcessingInputs": [self.input("code", code)],
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": "out",
                        "S3Output": {
                            "S3Uri": f"s3://{self.bucket}/out/{name}",
                            "LocalPath": "/opt/ml/processing/output",
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                ]
            },
            "ProcessingResources": {"ClusterConfig": RESOURCES},
        }
        return request | more

    def input(self, name: str, uri: str) -> dict[str, Any]:
        return {
            "InputName": name,
            "S3Input": {
                "S3Uri": uri,
                "LocalPath": f"/opt/ml/processing/input/{name}",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            },
        }

    def process(self, name: str, script: str, **more: Any) -> dict[str, Any]:
        """Run a processing job to its end and return its description."""
        self.sagemaker.create_processing_job(**self.processing_request(name, script, **more))
        return self.processed(name)

    def processed(self, name: str) -> dict[str, Any]:
        def look() -> Any:
            job = self.sagemaker.describe_processing_job(ProcessingJobName=name)
            return job if job["ProcessingJobStatus"] in FINISHED else None

        return dict(eventually(look, 60))

    # ------------------------------------------------------------------ training
    def training_request(
        self,
        name: str,
        script: str,
        hyperparameters: dict[str, Any] | None = None,
        channels: dict[str, str] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        source = self.put(f"code/{name}/sourcedir.tar.gz", archive({"train.py": script}))
        request = {
            "TrainingJobName": name,
            "RoleArn": self.role,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "HyperParameters": {
                **{key: str(value) for key, value in (hyperparameters or {}).items()},
                "sagemaker_program": "train.py",
                "sagemaker_submit_directory": json.dumps(source),
            },
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/trained"},
            "ResourceConfig": RESOURCES,
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        }
        if channels:
            request["InputDataConfig"] = [
                {
                    "ChannelName": channel,
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}},
                }
                for channel, uri in channels.items()
            ]
        return request | more

    def train(self, name: str, script: str, **more: Any) -> dict[str, Any]:
        """Run a training job to its end and return its description."""
        self.sagemaker.create_training_job(**self.training_request(name, script, **more))
        return self.trained(name)

    def trained(self, name: str) -> dict[str, Any]:
        def look() -> Any:
            job = self.sagemaker.describe_training_job(TrainingJobName=name)
            return job if job["TrainingJobStatus"] in FINISHED else None

        return dict(eventually(look, 60))

    def artifact(self, key: str) -> dict[str, bytes]:
        """Return the files of a tar.gz in the bucket."""
        with tarfile.open(fileobj=io.BytesIO(self.read(key)), mode="r:gz") as tar:
            return {
                member.name: file.read()
                for member in tar
                if (file := tar.extractfile(member)) is not None
            }

    def log_lines(self, group: str, prefix: str) -> list[str]:
        streams = self.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix)
        return [
            event["message"]
            for stream in streams["logStreams"]
            for event in self.logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
            )["events"]
        ]

    # ------------------------------------------------------------------ serving
    def model(self, name: str, files: dict[str, str], **variables: str) -> None:
        """Make a model whose archive has these files under `code/`, which it serves."""
        archived: dict[str, str | bytes] = {f"code/{path}": text for path, text in files.items()}
        self.container(name, archived, SERVING | variables)

    def container(
        self,
        name: str,
        files: dict[str, str | bytes],
        variables: dict[str, str],
        *,
        image: str = IMAGE,
        role: str = "",
    ) -> None:
        """Make a model of an archive, as the container is to see it."""
        url = self.put(f"models/{name}/model.tar.gz", archive(files))
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=role or self.role,
            PrimaryContainer={"Image": image, "ModelDataUrl": url, "Environment": variables},
        )

    def deploy(self, name: str) -> dict[str, Any]:
        """Make a config and an endpoint of a model's name and wait until it is settled."""
        self.config(name, {name: 1})
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        return self.settled(name)

    def config(self, name: str, weights: dict[str, float]) -> None:
        """Make an endpoint config with a variant of the same name for each model."""
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": model,
                    "ModelName": model,
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1,
                    "InitialVariantWeight": weight,
                }
                for model, weight in weights.items()
            ],
        )

    def settled(self, endpoint: str) -> dict[str, Any]:
        """Wait until an endpoint is in none of the passing states."""

        def look() -> Any:
            description = self.sagemaker.describe_endpoint(EndpointName=endpoint)
            passing = ("Creating", "Updating", "RollingBack", "Deleting")
            return None if description["EndpointStatus"] in passing else description

        return dict(eventually(look, 60))

    def invoke(self, endpoint: str, body: str = "", **more: Any) -> str:
        reply = self.runtime.invoke_endpoint(EndpointName=endpoint, Body=body, **more)
        return str(reply["Body"].read().decode())
