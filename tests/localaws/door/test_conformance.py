"""The check of replies finds what is missing, unknown or of another type, in every protocol."""

from __future__ import annotations

import json
from typing import Any

import pytest
from moto.core.utils import get_service_model

from localaws.door.conformance import Conformance, problems
from localaws.door.protocol import Addressed, Reply
from tests.localaws.conftest import Aws


def addressed(service: str, operation: str, protocol: str) -> Addressed:
    model = get_service_model(service).operation_model(operation)
    return Addressed(service, operation, model, {}, protocol)


def in_json(service: str, operation: str, document: Any) -> list[str]:
    reply = Reply(200, [], json.dumps(document).encode())
    return problems(addressed(service, operation, "json"), reply)


def in_xml(service: str, operation: str, protocol: str, body: str) -> list[str]:
    return problems(addressed(service, operation, protocol), Reply(200, [], body.encode()))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, ["reply: TrialArn is missing"]),
        ({"TrialArn": None}, ["reply.TrialArn: NoneType 'None' is not of type string"]),
        ({"TrialArn": "a", "Name": "b"}, ["reply: UpdateTrialResponse has no Name"]),
    ],
)
def test_a_json_reply_is_held_to_its_members(document: Any, said: list[str]) -> None:
    shape = get_service_model("sagemaker").operation_model("UpdateTrial").output_shape
    violations = in_json("sagemaker", "UpdateTrial", document)
    assert (violations == said) or (not shape.required_members and said[0].endswith("missing"))


def test_enums_numbers_and_times_of_a_json_reply_are_looked_at() -> None:
    summary = {
        "ModelPackageArn": "arn:aws:sagemaker:eu-central-1:111111111111:model-package/g/1",
        "ModelPackageVersion": "1",
        "CreationTime": "2024-01-01T00:00:00Z",
        "ModelPackageStatus": "Finished",
    }
    violations = in_json("sagemaker", "ListModelPackages", {"ModelPackageSummaryList": [summary]})
    assert [violation.split(":")[0].rsplit(".", 1)[1] for violation in violations] == [
        "ModelPackageVersion",
        "CreationTime",
        "ModelPackageStatus",
    ]


def test_a_query_reply_is_held_to_its_result() -> None:
    good = (
        "<GetCallerIdentityResponse xmlns='x'><GetCallerIdentityResult><Arn>a</Arn>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
    assert in_xml("sts", "GetCallerIdentity", "query", good) == []
    bad = good.replace("<Arn>a</Arn>", "<Name>a</Name>")
    assert in_xml("sts", "GetCallerIdentity", "query", bad) == [
        "reply: GetCallerIdentityResponse has no Name"
    ]
    assert in_xml("sts", "GetCallerIdentity", "query", "<A/>") == [
        "reply: has no GetCallerIdentityResult"
    ]
    assert in_xml("sts", "GetCallerIdentity", "query", "no XML") == ["reply: not XML"]


def test_lists_and_scalars_of_an_s3_reply_are_looked_at() -> None:
    body = (
        "<ListBucketResult><IsTruncated>no</IsTruncated><KeyCount>many</KeyCount>"
        "<Contents><Key>a</Key><Size>1</Size></Contents><Contents><Key>b</Key><Weight>1</Weight>"
        "</Contents></ListBucketResult>"
    )
    assert in_xml("s3", "ListObjectsV2", "rest-xml", body) == [
        "reply.IsTruncated: str 'no' is not of type boolean",
        "reply.KeyCount: str 'many' is not of type integer",
        "reply.Contents[]: Object has no Weight",
    ]


def test_only_successful_replies_are_checked_and_each_kind_of_violation_is_counted() -> None:
    conformance = Conformance(on=True)
    model = addressed("sagemaker", "ListModels", "json")
    for status, body in ((200, b"{}"), (200, b"{}"), (200, b'{"Models": []}'), (400, b"{}")):
        conformance.look(model, Reply(status, [], body))
    assert conformance.document() == {
        "checked": {"sagemaker:ListModels": 3},
        "violations": [
            {
                "operation": "sagemaker:ListModels",
                "problem": "reply: Models is missing",
                "replies": 2,
            }
        ],
    }


def test_what_moto_leaves_null_is_left_out_as_on_aws(aws: Aws) -> None:
    reply = aws.client("kms", "data").create_key()
    assert None not in reply["KeyMetadata"].values()
    checked = aws.cloud.conformance.document()
    assert checked["checked"]["kms:CreateKey"] == 1
    assert checked["violations"] == []
