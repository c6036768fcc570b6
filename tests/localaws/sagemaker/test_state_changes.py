"""The events of SageMaker's state changes, in the shape of the EventBridge guide."""

from __future__ import annotations

import time
from typing import Any

from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws
from tests.localaws.features import DEFINITION, NAME, OWNER
from tests.localaws.listening import Listener
from tests.localaws.sagemaker.work import IMAGE


def test_a_feature_group_tells_its_statuses(aws: Aws) -> None:
    listener = Listener(aws, OWNER, "SageMaker Feature Group State Change")
    client = aws.client("sagemaker", OWNER)
    client.create_feature_group(**DEFINITION, Tags=[{"Key": "team", "Value": "risk"}])
    events: list[dict[str, Any]] = []
    until = time.monotonic() + 10
    while len(events) < 2 and time.monotonic() < until:
        events += listener.heard()
    details = [event["detail"] for event in events]
    assert [detail["FeatureGroupStatus"] for detail in details] == ["Creating", "Active"]
    assert events[0]["account"] == ACCOUNTS[OWNER]
    assert events[0]["resources"] == [
        f"arn:aws:sagemaker:{REGION}:{ACCOUNTS[OWNER]}:feature-group/{NAME}"
    ]
    assert details[1]["Tags"] == {"team": "risk"}
    assert details[1]["FeatureDefinitions"] == DEFINITION["FeatureDefinitions"]
    assert isinstance(details[1]["CreationTime"], int)
    client.delete_feature_group(FeatureGroupName=NAME)
    (gone,) = listener.heard()
    assert gone["detail"]["FeatureGroupStatus"] == "Deleting"


def test_models_and_endpoint_configs_are_announced(aws: Aws) -> None:
    role = aws.role(OWNER, "serving")
    client = aws.client("sagemaker", OWNER)
    listener = Listener(aws, OWNER, "SageMaker Model State Change")
    s3 = aws.client("s3", OWNER)
    s3.create_bucket(
        Bucket="models-of-own", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    s3.put_object(Bucket="models-of-own", Key="m.tar.gz", Body=b"an archive")
    container = {"Image": IMAGE, "ModelDataUrl": "s3://models-of-own/m.tar.gz"}
    client.create_model(ModelName="m", ExecutionRoleArn=role, PrimaryContainer=container)
    (event,) = listener.heard()
    assert event["detail"]["ModelName"] == "m"
    assert event["detail"]["PrimaryContainer"] == container
    assert event["detail"]["ExecutionRoleArn"] == role
    configs = Listener(aws, OWNER, "SageMaker Endpoint Config State Change")
    client.create_endpoint_config(
        EndpointConfigName="c",
        ProductionVariants=[
            {
                "VariantName": "v",
                "ModelName": "m",
                "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large",
            }
        ],
    )
    (event,) = configs.heard()
    assert event["detail"]["EndpointConfigName"] == "c"
    assert event["detail"]["ProductionVariants"][0]["VariantName"] == "v"
