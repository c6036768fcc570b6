"""The lineage that SageMaker records by itself: of jobs and of packages."""

from __future__ import annotations

from typing import Any

import pytest

from localaws.sagemaker.jobs.jobs import PROCESSING, TRAINING, Job, JobKind, JobStore
from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws
from tests.localaws.shapes import checked
from tests.refusals import refused

OWNER = "data_science"
BASE = f"arn:aws:sagemaker:{REGION}:{ACCOUNTS[OWNER]}"
IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/xgboost:1"
MODEL = "s3://b/out/train-1/output/model.tar.gz"


@pytest.fixture
def client(aws: Aws) -> Any:
    return checked(aws.client("sagemaker", OWNER))


def run(aws: Aws, kind: JobKind, name: str, **request: Any) -> Job:
    job = Job(
        kind=kind,
        name=name,
        arn=f"{BASE}:{kind.resource}/{name}",
        account=ACCOUNTS[OWNER],
        region=REGION,
        request={f"{kind.prefix}Name": name, **request},
        credentials=aws.cloud.credentials.administrator(ACCOUNTS[OWNER]),
        runtime=None,  # type: ignore[arg-type]  # nothing runs here
        created=aws.cloud.clock.now(),
    )
    aws.cloud.store(JobStore, ACCOUNTS[OWNER], REGION).add(job)
    return job


def train(aws: Aws, name: str = "train-1") -> Job:
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": "s3://b/parts"}}}
    return run(
        aws,
        TRAINING,
        name,
        AlgorithmSpecification={"TrainingImage": IMAGE},
        OutputDataConfig={"S3OutputPath": "s3://b/out"},
        InputDataConfig=[channel],
    )


def end(aws: Aws, job: Job) -> None:
    job.move(aws.cloud.clock.now(), "Completed", "done")
    job.finish("Completed")


def shown(client: Any, **ends: str) -> set[tuple[str, str, str]]:
    """Return source, type of the association and destination, each by address or name."""
    return {
        (
            _label(client, each["SourceArn"]),
            each["AssociationType"],
            _label(client, each["DestinationArn"]),
        )
        for each in client.list_associations(**ends)["AssociationSummaries"]
    }


def _label(client: Any, arn: str) -> str:
    if ":artifact/" in arn:
        return str(client.describe_artifact(ArtifactArn=arn)["Source"]["SourceUri"])
    return arn.rpartition("/")[2]


def test_a_training_job_has_its_image_its_inputs_and_once_complete_its_model(
    aws: Aws, client: Any
) -> None:
    job, component = train(aws), "train-1-aws-training-job"
    expected = {("s3://b/parts", "ContributedTo", component), (IMAGE, "ContributedTo", component)}
    assert shown(client) == expected
    end(aws, job)
    assert shown(client) == expected | {(component, "Produced", MODEL)}
    (model,) = client.list_artifacts(ArtifactType="Model")["ArtifactSummaries"]
    above = client.query_lineage(StartArns=[model["ArtifactArn"]], Direction="Ascendants")
    assert {v["Type"] for v in above["Vertices"]} == {
        *("Model", "SageMakerTrainingJob", "DataSet", "Image")
    }


def test_jobs_are_linked_by_what_they_hand_on(aws: Aws, client: Any) -> None:
    output = {"OutputName": "parts", "S3Output": {"S3Uri": "s3://b/parts"}}
    job = run(
        aws,
        PROCESSING,
        "split",
        AppSpecification={"ImageUri": IMAGE},
        ProcessingInputs=[{"InputName": "data", "S3Input": {"S3Uri": "s3://b/data"}}],
        ProcessingOutputConfig={"Outputs": [output]},
    )
    end(aws, job)
    end(aws, train(aws))
    (data,) = client.list_artifacts(SourceUri="s3://b/data")["ArtifactSummaries"]
    below = client.query_lineage(StartArns=[data["ArtifactArn"]], Direction="Descendants")
    assert {v["Type"] for v in below["Vertices"]} == {
        *("DataSet", "SageMakerProcessingJob", "SageMakerTrainingJob", "Model")
    }


def test_an_artifact_of_somebody_with_the_address_is_used(aws: Aws, client: Any) -> None:
    own = client.create_artifact(
        ArtifactName="parts", ArtifactType="DataSet", Source={"SourceUri": "s3://b/parts"}
    )["ArtifactArn"]
    train(aws)
    (listed,) = client.list_artifacts(SourceUri="s3://b/parts")["ArtifactSummaries"]
    assert listed["ArtifactArn"] == own
    assert client.list_associations(SourceArn=own)["AssociationSummaries"]


def test_what_is_deleted_stays_away(aws: Aws, client: Any) -> None:
    train(aws)
    (data,) = client.list_artifacts(SourceUri="s3://b/parts")["ArtifactSummaries"]
    (edge,) = client.list_associations(SourceArn=data["ArtifactArn"])["AssociationSummaries"]
    client.delete_association(SourceArn=edge["SourceArn"], DestinationArn=edge["DestinationArn"])
    client.delete_artifact(ArtifactArn=data["ArtifactArn"])
    refused("ResourceNotFound", client.describe_artifact, ArtifactArn=data["ArtifactArn"])
    assert client.list_artifacts(SourceUri="s3://b/parts")["ArtifactSummaries"] == []


def test_a_package_has_its_model_its_group_and_each_approval(aws: Aws, client: Any) -> None:
    end(aws, train(aws))
    client.create_model_package_group(ModelPackageGroupName="credit")
    container = {"Image": IMAGE, "ModelDataUrl": MODEL}
    package = client.create_model_package(
        ModelPackageGroupName="credit",
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        ModelApprovalStatus="PendingManualApproval",
    )["ModelPackageArn"]
    (artifact,) = client.list_artifacts(SourceUri=package)["ArtifactSummaries"]
    arn = artifact["ArtifactArn"]
    client.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    into = client.list_associations(DestinationArn=arn)["AssociationSummaries"]
    assert sorted(each["SourceType"] for each in into) == ["Approval", "Approval", "Image", "Model"]
    statuses = {each["SourceName"].split("-")[2] for each in into if "SourceName" in each}
    assert statuses == {"PendingManualApproval", "Approved"}
    (out,) = client.list_associations(SourceArn=arn)["AssociationSummaries"]
    assert (out["DestinationName"], out["DestinationType"], out["AssociationType"]) == (
        *("credit-aws-model-group", "ModelGroup", "AssociatedWith"),
    )
    above = client.query_lineage(StartArns=[arn], Direction="Ascendants")["Vertices"]
    assert {"SageMakerTrainingJob", "DataSet"} <= {vertex["Type"] for vertex in above}
