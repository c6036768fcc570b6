"""Models and endpoint configs: what they may be made of."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.accounts import ACCOUNTS, REGION
from tests.localaws.sagemaker.work import BUCKET, IMAGE, Workshop
from tests.localaws.sharing import GROUP_DEPLOY, share
from tests.refusals import refused, refused_saying

OWNER, CONSUMER = "shared_services", "data_science"
DATA = f"s3://{BUCKET}-data-science/models/model.tar.gz"


@pytest.fixture(scope="module", autouse=True)
def data(workshop: Workshop) -> None:
    """Store the model data, which AWS looks for when a model is created."""
    workshop.put("models/model.tar.gz", "an archive")


def create(workshop: Workshop, name: str, **container: Any) -> dict[str, Any]:
    return dict(
        workshop.sagemaker.create_model(
            ModelName=name, ExecutionRoleArn=workshop.role, Containers=[container]
        )
    )


def publish(workshop: Workshop, group: str) -> str:
    """Register a pending version in the shared services account and return its ARN."""
    owner = workshop.aws.client("sagemaker", OWNER)
    owner.create_model_package_group(ModelPackageGroupName=group)
    reply = owner.create_model_package(
        ModelPackageGroupName=group,
        ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification={
            "Containers": [
                {
                    "Image": IMAGE,
                    "ModelDataUrl": DATA,
                    "Environment": {"GREETING": "from the version"},
                }
            ],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )
    return str(reply["ModelPackageArn"])


def share_group(workshop: Workshop, group: str) -> None:
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNTS[OWNER]}:model-package-group/{group}"
    share(workshop.aws, OWNER, CONSUMER, arn, GROUP_DEPLOY)


def test_model_is_described_as_it_was_asked_for(workshop: Workshop) -> None:
    container = {"Image": IMAGE, "ModelDataUrl": DATA, "Environment": {"A": "1"}}
    reply = create(workshop, "plain", **container)
    description = workshop.sagemaker.describe_model(ModelName="plain")
    assert description["Containers"] == [container]
    assert description["ModelArn"] == reply["ModelArn"]
    assert description["ExecutionRoleArn"] == workshop.role


def test_model_name_is_free_again_after_deletion(workshop: Workshop) -> None:
    container = {"Image": IMAGE, "ModelDataUrl": DATA}
    create(workshop, "again", **container)
    with pytest.raises(ClientError, match="already existing"):
        create(workshop, "again", **container)
    workshop.sagemaker.delete_model(ModelName="again")
    with pytest.raises(ClientError, match="Could not find model"):
        workshop.sagemaker.describe_model(ModelName="again")
    create(workshop, "again", **container)


def test_unknown_image_is_refused(workshop: Workshop) -> None:
    with pytest.raises(ClientError, match="Cannot find image"):
        create(workshop, "foreign", Image="mine:1", ModelDataUrl=DATA)


def test_model_data_that_is_not_there_is_refused(workshop: Workshop) -> None:
    missing = DATA.replace("model.tar.gz", "missing.tar.gz")
    with pytest.raises(ClientError, match="Could not find model data at s3://"):
        create(workshop, "nothing-there", Image=IMAGE, ModelDataUrl=missing)


def test_model_data_that_its_role_may_not_read_is_refused(workshop: Workshop) -> None:
    role = workshop.aws.role(CONSUMER, "blind", allow=[])
    refused_saying(
        "ValidationException",
        f"Could not access model data at {DATA}. Please ensure that the role",
        workshop.sagemaker.create_model,
        ModelName="unreadable",
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": DATA},
    )


def test_a_policy_names_the_models_of_an_endpoint_config(workshop: Workshop) -> None:
    create(workshop, "own-v1", Image=IMAGE, ModelDataUrl=DATA)
    create(workshop, "foreign", Image=IMAGE, ModelDataUrl=DATA)
    own = f"arn:aws:sagemaker:{REGION}:{ACCOUNTS[CONSUMER]}:model/own-*"
    allow = {
        "Effect": "Allow",
        "Action": "sagemaker:CreateEndpointConfig",
        "Resource": "*",
        "Condition": {
            "ForAllValues:ArnLike": {"sagemaker:ModelArn": own},
            "Null": {"sagemaker:ModelArn": "false"},
        },
    }
    workshop.aws.role(CONSUMER, "config-maker", allow=[allow])
    client = workshop.aws.assume(CONSUMER, "config-maker").client("sagemaker")
    client.create_endpoint_config(
        EndpointConfigName="of-own", ProductionVariants=[variant(model="own-v1")]
    )
    for variants in (
        [variant(model="foreign")],
        [variant(model="own-v1"), variant("second", "foreign")],
    ):
        refused(
            "AccessDeniedException",
            client.create_endpoint_config,
            EndpointConfigName="of-foreign",
            ProductionVariants=variants,
        )


def test_several_containers_are_refused_not_ignored(workshop: Workshop) -> None:
    container = {"Image": IMAGE, "ModelDataUrl": DATA}
    refused(
        "UnsupportedOperation",
        workshop.sagemaker.create_model,
        ModelName="pipeline",
        ExecutionRoleArn=workshop.role,
        Containers=[container, container],
    )


def test_shared_version_becomes_a_model_only_when_shared_and_approved(workshop: Workshop) -> None:
    version = publish(workshop, "credit-risk")
    with pytest.raises(ClientError, match="not authorized to perform: sagemaker:CreateModel"):
        create(workshop, "from-version", ModelPackageName=version)
    share_group(workshop, "credit-risk")
    with pytest.raises(ClientError, match="PendingManualApproval, it must be Approved"):
        create(workshop, "from-version", ModelPackageName=version)
    workshop.aws.client("sagemaker", OWNER).update_model_package(
        ModelPackageArn=version, ModelApprovalStatus="Approved"
    )
    create(workshop, "from-version", ModelPackageName=version)
    description = workshop.sagemaker.describe_model(ModelName="from-version")
    assert description["Containers"] == [{"ModelPackageName": version}]


def test_version_that_does_not_exist_is_refused(workshop: Workshop) -> None:
    version = publish(workshop, "other-group")
    share_group(workshop, "other-group")
    refusal = refused(
        "ValidationException",
        workshop.sagemaker.create_model,
        ModelName="ghost",
        ExecutionRoleArn=workshop.role,
        PrimaryContainer={"ModelPackageName": version.removesuffix("/1") + "/9"},
    )
    assert "other-group/9" in refusal.message


def test_models_are_listed_in_pages(workshop: Workshop) -> None:
    for number in range(3):
        create(workshop, f"page-{number}", Image=IMAGE, ModelDataUrl=DATA)
    request = {"NameContains": "page-", "MaxResults": 2, "SortBy": "Name"}
    first = workshop.sagemaker.list_models(**request)
    rest = workshop.sagemaker.list_models(**request, NextToken=first["NextToken"])
    names = [model["ModelName"] for model in first["Models"] + rest["Models"]]
    assert names == ["page-2", "page-1", "page-0"]


def variant(name: str = "primary", model: str = "plain", **more: Any) -> dict[str, Any]:
    settings = {"VariantName": name, "ModelName": model, "InstanceType": "ml.m5.large"}
    return {**settings, "InitialInstanceCount": 1, **more}


def test_endpoint_config_is_made_once_over_models_that_exist(workshop: Workshop) -> None:
    create(workshop, "base", Image=IMAGE, ModelDataUrl=DATA)
    client = workshop.sagemaker
    tags = [{"Key": "MODEL_PACKAGE_ARN", "Value": "arn"}]
    reply = client.create_endpoint_config(
        EndpointConfigName="config", ProductionVariants=[variant(model="base")], Tags=tags
    )
    description = client.describe_endpoint_config(EndpointConfigName="config")
    assert description["ProductionVariants"] == [variant(model="base", InitialVariantWeight=1.0)]
    assert client.list_tags(ResourceArn=reply["EndpointConfigArn"])["Tags"] == tags
    request = {"EndpointConfigName": "config", "ProductionVariants": [variant(model="base")]}
    refused_saying(
        "ValidationException",
        "already existing",
        client.create_endpoint_config,
        **request,
    )
    client.delete_endpoint_config(EndpointConfigName="config")
    refused_saying(
        "ValidationException",
        "Could not find",
        client.describe_endpoint_config,
        EndpointConfigName="config",
    )


@pytest.mark.parametrize(
    ("variants", "code", "why"),
    [
        ([variant(model="nothing")], "ValidationException", "Could not find model"),
        ([variant(), variant()], "ValidationException", "must be unique"),
        ([variant(InitialVariantWeight=0.0)], "ValidationException", "weight"),
    ],
)
def test_endpoint_config_that_cannot_run_is_refused(
    workshop: Workshop, variants: list[dict[str, Any]], code: str, why: str
) -> None:
    if not workshop.sagemaker.list_models(NameContains="plain")["Models"]:
        create(workshop, "plain", Image=IMAGE, ModelDataUrl=DATA)
    refusal = refused(
        code,
        workshop.sagemaker.create_endpoint_config,
        EndpointConfigName="impossible",
        ProductionVariants=variants,
    )
    assert why in refusal.message
