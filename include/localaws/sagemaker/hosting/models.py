"""Models: CreateModel and related operations.

A model has one container: an image with model data, or an approved version of a model registry, of
its own account or shared with it. The version is read once, when the model is created, because its
owner may revoke the sharing later.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from localaws.identity.credentials import Credentials
from localaws.kit.arns import is_arn, parse_arn
from localaws.kit.service import Call, Service, ServiceError
from localaws.sagemaker.hosting.model_server import Container
from localaws.sagemaker.listing import listed
from localaws.sagemaker.machine.failures import WorkFailedError, unsupported_option
from localaws.sagemaker.machine.images import environment_of
from localaws.sagemaker.machine.network import check_vpc
from localaws.sagemaker.machine.transfer import split_uri
from localaws.sagemaker.registry.store import Registry
from localaws.sagemaker.roles import PRINCIPAL, assume_execution_role
from localaws.sagemaker.state_changes import announce
from localaws.sagemaker.tags import TagStore

sagemaker = Service.named("sagemaker")


@dataclass(frozen=True)
class Model:
    """A model as it was requested, and what it runs."""

    name: str
    arn: str
    request: dict[str, Any]
    role_arn: str
    container: Container
    created: datetime


class ModelStore:
    """The models of one account and region."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._models: dict[str, Model] = {}

    def add(self, model: Model) -> None:
        """Store a new model; ValidationException if the name is in use."""
        with self._lock:
            if model.name in self._models:
                raise ServiceError(
                    "ValidationException", f'Cannot create already existing model "{model.arn}".'
                )
            self._models[model.name] = model

    def get(self, name: str, arn: str) -> Model:
        """Return a model; ValidationException if there is none."""
        model = self._models.get(name)
        if model is None:
            raise ServiceError("ValidationException", f'Could not find model "{arn}".')
        return model

    def remove(self, model: Model) -> None:
        """Remove a model; endpoints that run it are not affected."""
        with self._lock:
            self._models.pop(model.name, None)

    def all(self) -> list[Model]:
        """Return all models."""
        with self._lock:
            return list(self._models.values())


def _definition(params: dict[str, Any]) -> dict[str, Any]:
    """Return the definition of the only container of a create call."""
    definitions = params.get("Containers", [])
    if "PrimaryContainer" in params:
        definitions = [*definitions, params["PrimaryContainer"]]
    if len(definitions) > 1:
        raise unsupported_option("models of several containers")
    if not definitions:
        raise ServiceError(
            "ValidationException", "You must provide either PrimaryContainer or Containers"
        )
    definition: dict[str, Any] = definitions[0]
    return definition


def _container(call: Call, definition: dict[str, Any]) -> Container:
    package = definition.get("ModelPackageName")
    if package and (definition.get("Image") or definition.get("ModelDataUrl")):
        raise ServiceError(
            "ValidationException",
            "Specify either ModelPackageName, or Image and ModelDataUrl, but not both",
        )
    source = _of_package(call, package) if package else definition
    if source.get("Mode", "SingleModel") != "SingleModel":
        raise unsupported_option(f"container mode {source['Mode']}")
    if not source.get("Image"):
        raise ServiceError("ValidationException", "A container needs Image or ModelPackageName")
    return Container(
        environment_of(source["Image"]),
        _model_data(source),
        source.get("Environment", {}) | definition.get("Environment", {}),
    )


def _model_data(source: dict[str, Any]) -> str:
    url = source.get("ModelDataUrl")
    data = source.get("ModelDataSource", {}).get("S3DataSource", {})
    if data and (data["S3DataType"], data["CompressionType"]) != ("S3Object", "Gzip"):
        raise unsupported_option("a ModelDataSource that is not a gzip-compressed S3Object")
    uri = url or data.get("S3Uri")
    if not uri:
        raise unsupported_option("a container without model data")
    return str(uri)


def _of_package(call: Call, name_or_arn: str) -> dict[str, Any]:
    """Return the container of an approved version, which may be shared from another account."""
    own = call.arn(f"model-package/{name_or_arn}")
    arn = name_or_arn if is_arn(name_or_arn) else own
    call.authorise("sagemaker:CreateModel", arn)
    package = parse_arn(arn)
    if package.region != call.region:
        raise ServiceError(
            "ValidationException", f"Model package {arn} is not in region {call.region}"
        )
    record = call.store(Registry, package.account, package.region).package(name_or_arn, arn)
    status = record.get("ModelApprovalStatus", "Approved")  # unversioned ones have none
    if status != "Approved":
        raise ServiceError(
            "ValidationException",
            f"Cannot create a model from model package {arn}: its approval status is {status}, "
            "it must be Approved",
        )
    containers = record.get("InferenceSpecification", {}).get("Containers", [])
    if len(containers) != 1:
        raise unsupported_option(f"model package {arn} with {len(containers)} containers")
    container: dict[str, Any] = containers[0]
    return container


def _check_data(call: Call, role_arn: str, credentials: Credentials, uri: str) -> None:
    """Refuse data that the role cannot read, or that is not there.

    AWS looks when a model is created, and again when an endpoint starts (both messages are quoted
    in aws/amazon-sagemaker-examples#2264 and philschmid/llm-sagemaker-sample#2). That it looks for
    the data of a model package, too, is not verified.
    """
    try:
        bucket, key = split_uri(uri)
        call.host.client("s3", credentials, call.region).head_object(Bucket=bucket, Key=key)
    except WorkFailedError as error:
        raise ServiceError("ValidationException", error.reason) from error
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            raise ServiceError(
                "ValidationException", f"Could not find model data at {uri}."
            ) from error
        raise ServiceError(
            "ValidationException",
            f'Could not access model data at {uri}. Please ensure that the role "{role_arn}" '
            'exists and that its trust relationship policy allows the action "sts:AssumeRole" for '
            f'the service principal "{PRINCIPAL}". Also ensure that the role has "s3:GetObject" '
            f"permissions and that the object is located in {call.region}.",
        ) from error


@sagemaker.operation("CreateModel", locked=False)
def create_model(call: Call) -> dict[str, Any]:
    """Create a model of data that its role can read; the data is read when an endpoint runs it."""
    params = call.params
    container = _container(call, _definition(params))
    role = params.get("ExecutionRoleArn")
    if not role:
        raise ServiceError("ValidationException", "ExecutionRoleArn is required")
    credentials = assume_execution_role(call, role)
    check_vpc(params)
    _check_data(call, role, credentials, container.model_data_url)
    name = params["ModelName"]
    model = Model(name, call.arn(f"model/{name}"), params, role, container, call.now())
    call.store(ModelStore).add(model)
    call.store(TagStore).put(model.arn, params.get("Tags"))
    announce(call, "Model", model.arn, _description(model))
    return {"ModelArn": model.arn}


def _find(call: Call) -> Model:
    name = call.params["ModelName"]
    return call.store(ModelStore).get(name, call.arn(f"model/{name}"))


@sagemaker.operation("DescribeModel", locked=False)
def describe_model(call: Call) -> dict[str, Any]:
    """Return a model as it was requested."""
    return _description(_find(call))


def _description(model: Model) -> dict[str, Any]:
    members = {name: value for name, value in model.request.items() if name != "Tags"}
    return (
        {"EnableNetworkIsolation": False}
        | members
        | {
            "ModelArn": model.arn,
            "CreationTime": model.created,
        }
    )


@sagemaker.operation("ListModels", locked=False)
def list_models(call: Call) -> dict[str, Any]:
    """Return a page of models."""
    items = [
        {"ModelName": model.name, "ModelArn": model.arn, "CreationTime": model.created}
        for model in call.store(ModelStore).all()
    ]
    return listed(call.params, items, into="Models", prefix="Model")


@sagemaker.operation("DeleteModel", locked=False)
def delete_model(call: Call) -> dict[str, Any]:
    """Delete a model; endpoints that run it are not affected."""
    model = _find(call)
    call.store(ModelStore).remove(model)
    announce(call, "Model", model.arn, _description(model))
    call.store(TagStore).forget(model.arn)
    return {}
