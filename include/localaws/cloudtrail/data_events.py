"""Which calls are data events: those that read or write objects, items, records, messages.

Data events are not in the event history. A trail that selects their resource type logs them.
Source: CloudTrail User Guide, "Logging data events" (resource types), and Amazon S3 User Guide,
"Amazon S3 CloudTrail events" (object-level actions).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from localaws.identity.authorisation.request import AuthorisationRequest

S3_OBJECT = "AWS::S3::Object"
TABLE = "AWS::DynamoDB::Table"
QUEUE = "AWS::SQS::Queue"
TOPIC = "AWS::SNS::Topic"
FEATURE_GROUP = "AWS::SageMaker::FeatureGroup"
ENDPOINT = "AWS::SageMaker::Endpoint"
TRIAL_COMPONENT = "AWS::SageMaker::ExperimentTrialComponent"
# The resource types that a trail can select here.
RESOURCE_TYPES = (S3_OBJECT, TABLE, QUEUE, TOPIC, FEATURE_GROUP, ENDPOINT, TRIAL_COMPONENT)
# Calls on data that no trail can select: they are not recorded.
NOT_RECORDED = {
    "cloudwatch": {"PutMetricData", "GetMetricData"},
    "logs": {"PutLogEvents"},
    "events": {"PutEvents"},
}
OF_WHOLE_SERVICE = {
    "sagemaker-featurestore-runtime": FEATURE_GROUP,
    "sagemaker-runtime": ENDPOINT,
    "sagemaker-metrics": TRIAL_COMPONENT,
}
OF_OPERATIONS = {
    "dynamodb": (
        TABLE,
        {
            *("BatchExecuteStatement", "BatchGetItem", "BatchWriteItem", "DeleteItem"),
            *("ExecuteStatement", "ExecuteTransaction", "GetItem", "PutItem", "Query", "Scan"),
            *("TransactGetItems", "TransactWriteItems", "UpdateItem"),
        },
    ),
    "sqs": (
        QUEUE,
        {
            *("ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "DeleteMessage"),
            *("DeleteMessageBatch", "ReceiveMessage", "SendMessage", "SendMessageBatch"),
        },
    ),
    "sns": (TOPIC, {"Publish", "PublishBatch"}),
}
S3_ON_OBJECTS = {
    *("DeleteObjects", "ListMultipartUploads", "ListObjects", "ListObjectsV2"),
    *("ListObjectVersions",),
}


@dataclass(frozen=True)
class Data:
    """The data that a call uses: a type of resource, and the ARNs that the call names."""

    resource_type: str
    arns: tuple[str, ...]


def unrecorded(request: AuthorisationRequest) -> bool:
    """Tell whether a call is in neither the history nor the trails."""
    return request.operation in NOT_RECORDED.get(request.service, ())


def resource_type(request: AuthorisationRequest) -> str | None:
    """Return the resource type of the data that a call uses; None for a management event."""
    if request.service in OF_WHOLE_SERVICE:
        return OF_WHOLE_SERVICE[request.service]
    if request.service == "s3":
        on_object = request.params.get("Key") is not None or request.operation in S3_ON_OBJECTS
        return S3_OBJECT if on_object else None
    kind, operations = OF_OPERATIONS.get(request.service, ("", set()))
    return kind if request.operation in operations else None


def data_of(request: AuthorisationRequest, kind: str) -> Data:
    """Return the data that a call uses, of the type that `resource_type` returned."""
    return Data(kind, tuple(dict.fromkeys(_arns(request, kind))))


def _arns(request: AuthorisationRequest, kind: str) -> Iterator[str]:
    params = request.params
    if kind == S3_OBJECT:
        bucket = str(params.get("Bucket") or "")
        key = params.get("Key")
        yield f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else "")
    elif kind == FEATURE_GROUP:
        entries = [params, *(params.get("Identifiers") or []), *(params.get("Entries") or [])]
        yield from _named(request, entries, "FeatureGroupName", "feature-group", "sagemaker")
    elif kind == ENDPOINT:
        yield from _named(request, [params], "EndpointName", "endpoint", "sagemaker")
    elif kind == TRIAL_COMPONENT:
        component = "experiment-trial-component"
        yield from _named(request, [params], "TrialComponentName", component, "sagemaker")
    elif kind == TABLE:
        single = [
            operation for item in params.get("TransactItems") or [] for operation in item.values()
        ]
        batch = [{"TableName": name} for name in params.get("RequestItems") or {}]
        yield from _named(request, [params, *single, *batch], "TableName", "table", "dynamodb")
    elif kind == QUEUE:
        yield request.arn(str(params.get("QueueUrl") or "").rstrip("/").rsplit("/", 1)[-1])
    elif kind == TOPIC:
        yield str(params.get("TopicArn") or params.get("TargetArn") or "*")


def _named(
    request: AuthorisationRequest, entries: list[Any], parameter: str, resource: str, service: str
) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, dict) and (value := entry.get(parameter)):
            text = str(value)
            name = text if text.startswith("arn:") else f"{resource}/{text}"
            yield name if name.startswith("arn:") else request.arn(name, service)
