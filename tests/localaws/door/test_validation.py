"""Every pattern of every served operation is checked, in our services and in the engine's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto.core.utils import get_service_model

from localaws.door import registrations
from localaws.door.patterns import compiled
from localaws.engine.applications import SERVED
from localaws.kit.service import Service
from tests.localaws.conftest import Aws
from tests.refusals import refused


def said(code: str, call: Any, **params: Any) -> str:
    return refused(code, call, **params).message


def patterns() -> dict[str, str]:
    """Return every pattern of an input of a served service, with a shape that has it."""
    registrations.register()
    services = {*SERVED, *(service.name for service in Service.all())}
    return dict(pair for service in sorted(services) for pair in of_service(service))


def of_service(service: str) -> Iterator[tuple[str, str]]:
    model = get_service_model(service)
    inputs = [model.operation_model(name).input_shape for name in model.operation_names]
    shapes, seen = [shape for shape in inputs if shape], set()
    while shapes:
        shape = shapes.pop()
        if shape.name in seen:
            continue
        seen.add(shape.name)
        if pattern := shape.metadata.get("pattern"):
            yield pattern, f"{service} {shape.name}"
        if shape.type_name == "structure":
            shapes += shape.members.values()
        elif shape.type_name == "list":
            shapes.append(shape.member)
        elif shape.type_name == "map":
            shapes += [shape.key, shape.value]


def test_every_pattern_of_every_served_operation_is_understood() -> None:
    misread = {}
    for pattern, shape in patterns().items():
        try:
            compiled(pattern)
        except ValueError as error:
            misread[shape] = str(error)
    assert misread == {}


@pytest.mark.parametrize(
    ("pattern", "taken", "refuses"),
    [
        (r"([\p{L}\p{Z}\p{N}_.:\/=+\-@]*)${1,256}", "auc=0.78 Jörg", '{"auc": 0.78}'),
        (r"arn:[\p{Alnum}\-]+:lambda", "arn:aws-cn:lambda", "arn:äws:lambda"),
        (r"\A\S[\p{Print}]*\z", "a b", "a\tb"),
        (r"\p{ASCII}*", "a\tb", "ä"),
        (r"[\w+=,.@-]+", "role", "röle"),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "\U0001f600 a", "\x00"),
        (r"[\w-_]*", "a-b_c", "a.b"),
    ],
)
def test_patterns_are_read_as_java_reads_them(pattern: str, taken: str, refuses: str) -> None:
    assert compiled(pattern).fullmatch(taken)
    assert not compiled(pattern).fullmatch(refuses)


def test_a_pattern_that_is_not_understood_is_an_error() -> None:
    with pytest.raises(ValueError, match="cannot be compiled"):
        compiled("[z-a]")


@pytest.mark.parametrize(
    ("service", "operation", "request_", "code"),
    [
        ("iam", "create_role", {"RoleName": "a b", "AssumeRolePolicyDocument": "{}"},
         "ValidationError"),
        ("events", "put_rule", {"Name": "a b", "ScheduleExpression": "rate(1 day)"},
         "ValidationException"),
        ("logs", "create_log_group", {"logGroupName": "a b"}, "InvalidParameterException"),
        ("kms", "create_alias", {"AliasName": "alias/a b", "TargetKeyId": "k"},
         "ValidationException"),
        ("ecr", "create_repository", {"repositoryName": "UPPER"}, "InvalidParameterException"),
        ("dynamodb", "query", {"TableName": "t", "IndexName": "a b"}, "ValidationException"),
        ("cloudwatch", "put_metric_data", {"Namespace": ":a", "MetricData": []},
         "ValidationError"),
    ],
)  # fmt: skip
def test_names_outside_the_models_pattern_are_refused_before_the_engine(
    aws: Aws, service: str, operation: str, request_: dict[str, Any], code: str
) -> None:
    message = said(code, getattr(aws.client(service, "data"), operation), **request_)
    assert "Member must satisfy regular expression pattern" in message


def test_a_missing_parameter_of_the_engines_services_is_named(aws: Aws) -> None:
    message = said(
        "ValidationError", aws.client("iam", "data", parameter_validation=False).get_role
    )
    assert message == (
        "1 validation error detected: Value null at 'roleName' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_metadata_of_a_version_holds_no_json(aws: Aws) -> None:
    """SageMaker API reference, CreateModelPackage, CustomerMetadataProperties."""
    sagemaker = aws.client("sagemaker", "shared_services")
    sagemaker.create_model_package_group(ModelPackageGroupName="g")

    def create(text: str) -> Any:
        return sagemaker.create_model_package(
            ModelPackageGroupName="g", CustomerMetadataProperties={"metrics": text}
        )

    message = said("ValidationException", create, text='{"auc": 0.78}')
    assert "'customerMetadataProperties.metrics.value' failed to satisfy constraint" in message
    message = said("ValidationException", create, text="a" * 257)
    assert "Member must have length less than or equal to 256" in message
