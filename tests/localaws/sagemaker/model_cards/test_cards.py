"""Model cards: versions, the schema, sharing, and exports as the requester."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws
from tests.localaws.listening import Listener
from tests.localaws.shapes import checked
from tests.localaws.sharing import CARDS_EXPORT, CARDS_READ, share
from tests.refusals import refused

OWNER, READER = "shared_services", "prod"
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNTS[OWNER]}:model-card/credit-risk"
CONTENT: dict[str, Any] = {
    "model_overview": {"model_id": "credit-risk-1", "model_owner": "Ä. Owner (risk)"},
    "intended_uses": {"risk_rating": "High", "purpose_of_model": "score " * 40},
    "training_details": {
        "objective_function": {"function": {"function": "Maximize", "facet": "AUC"}},
        "training_job_details": {"hyper_parameters": [{"name": "eta", "value": "0.1"}]},
    },
    "evaluation_details": [
        {
            "name": "test",
            "metric_groups": [
                {"name": "q", "metric_data": [{"name": "auc", "type": "number", "value": 0.8}]}
            ],
        }
    ],
    "additional_information": {"custom_details": {"UseCaseId": "CREDIT-001"}},
}


def create(client: Any, name: str = "credit-risk", **more: Any) -> None:
    request = {
        "ModelCardName": name,
        "Content": json.dumps(CONTENT),
        "ModelCardStatus": "Draft",
    }
    client.create_model_card(**(request | more))


@pytest.fixture
def owner(aws: Aws) -> Any:
    client = checked(aws.client("sagemaker", OWNER))
    create(client, Tags=[{"Key": "team", "Value": "risk"}])
    return client


def reader_of(aws: Aws, permission: str = CARDS_EXPORT) -> Any:
    """Share the card and return a client of the reader."""
    share(aws, OWNER, READER, ARN, permission)
    return checked(aws.client("sagemaker", READER))


def exported(client: Any, arn: str) -> dict[str, Any]:
    for _ in range(100):
        job: dict[str, Any] = client.describe_model_card_export_job(ModelCardExportJobArn=arn)
        if job["Status"] != "InProgress":
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def test_every_update_is_a_version_and_old_ones_stay(owner: Any) -> None:
    changed = {**CONTENT, "business_details": {"line_of_business": "retail"}}
    owner.update_model_card(ModelCardName="credit-risk", Content=json.dumps(changed))
    owner.update_model_card(ModelCardName="credit-risk", ModelCardStatus="PendingReview")
    now = owner.describe_model_card(ModelCardName=ARN)
    assert (now["ModelCardVersion"], now["ModelCardStatus"]) == (3, "PendingReview")
    assert json.loads(now["Content"]) == changed
    first = owner.describe_model_card(ModelCardName="credit-risk", ModelCardVersion=1)
    assert (json.loads(first["Content"]), first["ModelCardStatus"]) == (CONTENT, "Draft")
    pages = owner.get_paginator("list_model_card_versions").paginate(
        ModelCardName="credit-risk", PaginationConfig={"PageSize": 2}
    )
    numbers = [v["ModelCardVersion"] for p in pages for v in p["ModelCardVersionSummaryList"]]
    assert numbers == [3, 2, 1]
    refused(
        "ResourceNotFound",
        owner.describe_model_card,
        ModelCardName="credit-risk",
        ModelCardVersion=4,
    )


def test_content_and_status_are_not_changed_in_one_call(owner: Any) -> None:
    both = {"Content": json.dumps(CONTENT), "ModelCardStatus": "Approved"}
    refusal = refused(
        "ValidationException", owner.update_model_card, ModelCardName="credit-risk", **both
    )
    assert "one call" in refusal.message
    refused("ValidationException", owner.update_model_card, ModelCardName="credit-risk")
    assert owner.describe_model_card(ModelCardName="credit-risk")["ModelCardVersion"] == 1


def test_an_archived_card_keeps_its_content(owner: Any) -> None:
    owner.update_model_card(ModelCardName="credit-risk", ModelCardStatus="Archived")
    refused(
        "ValidationException", owner.update_model_card, ModelCardName="credit-risk", Content="{}"
    )
    owner.update_model_card(ModelCardName="credit-risk", ModelCardStatus="Draft")
    owner.update_model_card(ModelCardName="credit-risk", Content="{}")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("{", "JSON"),
        ("[]", "#/"),
        ('{"surprise": {}}', "surprise"),
        ('{"intended_uses": {"risk_rating": "Severe"}}', "risk_rating"),
        (json.dumps({"intended_uses": {"purpose_of_model": "x" * 2049}}), "purpose_of_model"),
        (json.dumps({"model_overview": {"model_description": "x" * 1025}}), "model_description"),
        ('{"training_details": {"objective_function": {"function": "Both"}}}', "function"),
        ('{"evaluation_details": [{"metric_groups": []}]}', "name"),
        ('{"additional_information": {"custom_details": {"a": 1}}}', "custom_details"),
    ],
)
def test_content_off_the_schema_is_refused(owner: Any, content: str, named: str) -> None:
    refusal = refused(
        "ValidationException", owner.update_model_card, ModelCardName="credit-risk", Content=content
    )
    assert named in refusal.message


def test_too_much_content_and_a_taken_name_are_refused(owner: Any) -> None:
    long = json.dumps({"additional_information": {"custom_details": {"a": "x" * 100_000}}})
    new = {"ModelCardName": "other", "ModelCardStatus": "Draft"}
    refused("ValidationException", owner.create_model_card, Content=long, **new)
    again = {**new, "ModelCardName": "credit-risk", "Content": "{}"}
    refused("ConflictException", owner.create_model_card, **again)


def test_cards_are_listed_searched_tagged_and_deleted(owner: Any) -> None:
    create(owner, "second", ModelCardStatus="Approved")
    names = [
        item["ModelCardName"]
        for item in owner.list_model_cards(SortBy="Name", SortOrder="Ascending")[
            "ModelCardSummaries"
        ]
    ]
    assert names == ["credit-risk", "second"]
    approved = owner.list_model_cards(ModelCardStatus="Approved")["ModelCardSummaries"]
    assert [item["ModelCardName"] for item in approved] == ["second"]
    rated = {"Filters": [{"Name": "RiskRating", "Operator": "Equals", "Value": "High"}]}
    results = owner.search(Resource="ModelCard", SearchExpression=rated)["Results"]
    assert {item["ModelCard"]["ModelId"] for item in results} == {"credit-risk-1"}
    assert owner.list_tags(ResourceArn=ARN)["Tags"] == [{"Key": "team", "Value": "risk"}]
    owner.delete_model_card(ModelCardName="credit-risk")
    refused("ResourceNotFound", owner.describe_model_card, ModelCardName="credit-risk")


def test_metadata_only_leaves_the_content_out(owner: Any) -> None:
    reply = owner.describe_model_card(ModelCardName="credit-risk", IncludedData="MetadataOnly")
    assert (reply["Content"], reply["ModelCardStatus"]) == ("", "Draft")


def test_an_encrypted_card_keeps_its_key_and_needs_it(aws: Aws, owner: Any) -> None:
    kms = aws.client("kms", OWNER)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    create(owner, "secret", SecurityConfig={"KmsKeyId": key})
    described = owner.describe_model_card(ModelCardName="secret")
    assert described["SecurityConfig"] == {"KmsKeyId": key}
    kms.disable_key(KeyId=key)
    refused("ValidationException", owner.describe_model_card, ModelCardName="secret")
    owner.describe_model_card(ModelCardName="secret", IncludedData="MetadataOnly")


def test_a_shared_card_is_updated_by_its_arn_and_the_owner_sees_it(aws: Aws, owner: Any) -> None:
    stranger = checked(aws.client("sagemaker", READER))
    refused("AccessDeniedException", stranger.describe_model_card, ModelCardName=ARN)
    reader = reader_of(aws, CARDS_READ)
    reader.update_model_card(ModelCardName=ARN, ModelCardStatus="PendingReview")
    description = owner.describe_model_card(ModelCardName="credit-risk")
    assert description["ModelCardStatus"] == "PendingReview"
    assert ACCOUNTS[READER] in description["LastModifiedBy"]["IamIdentity"]["Arn"]
    assert (
        len(reader.list_model_card_versions(ModelCardName=ARN)["ModelCardVersionSummaryList"]) == 2
    )
    request = {"ModelCardExportJobName": "e", "OutputConfig": {"S3OutputPath": "s3://b/cards"}}
    refused(
        "AccessDeniedException", reader.create_model_card_export_job, ModelCardName=ARN, **request
    )
    listed = aws.client("ram", READER).list_resources(
        resourceOwner="OTHER-ACCOUNTS", resourceType="sagemaker:ModelCard"
    )
    assert [resource["arn"] for resource in listed["resources"]] == [ARN]


def test_an_export_lands_in_the_requesters_bucket_and_belongs_to_the_owner(
    aws: Aws, owner: Any
) -> None:
    reader = reader_of(aws)
    s3 = aws.client("s3", READER)
    s3.create_bucket(Bucket="cards", CreateBucketConfiguration={"LocationConstraint": REGION})
    owner.update_model_card(ModelCardName="credit-risk", ModelCardStatus="Approved")
    reply = reader.create_model_card_export_job(
        ModelCardName=ARN,
        ModelCardVersion=1,
        ModelCardExportJobName="first",
        OutputConfig={"S3OutputPath": "s3://cards/out/"},
    )["ModelCardExportJobArn"]
    assert reply == f"{ARN}/export-job/first"
    job = exported(reader, reply)
    assert job["Status"] == "Completed", job
    bucket, _, key = job["ExportArtifacts"]["S3ExportArtifacts"][5:].partition("/")
    stored = s3.get_object(Bucket=bucket, Key=key)
    body = stored["Body"].read()
    assert stored["ContentType"] == "application/pdf"
    assert body.startswith(b"%PDF-1.4") and body.rstrip().endswith(b"%%EOF")
    assert b"Risk rating: High" in body and b"version 1, Draft" in body
    mine = owner.list_model_card_export_jobs(ModelCardName="credit-risk")
    assert [item["Status"] for item in mine["ModelCardExportJobSummaries"]] == ["Completed"]


def test_an_export_to_a_bucket_that_is_not_there_fails_with_a_reason(owner: Any) -> None:
    reply = owner.create_model_card_export_job(
        ModelCardName="credit-risk",
        ModelCardExportJobName="lost",
        OutputConfig={"S3OutputPath": "s3://nowhere"},
    )
    job = exported(owner, reply["ModelCardExportJobArn"])
    assert job["Status"] == "Failed" and "NoSuchBucket" in job["FailureReason"]


def test_a_change_is_announced_in_the_owners_account(aws: Aws, owner: Any) -> None:
    listener = Listener(aws, OWNER, "SageMaker Model Card State Change")
    owner.update_model_card(ModelCardName="credit-risk", ModelCardStatus="Approved")
    (event,) = listener.heard()
    detail = event["detail"]
    assert (event["account"], event["resources"]) == (ACCOUNTS[OWNER], [ARN])
    assert (detail["ModelCardName"], detail["ModelCardVersion"]) == ("credit-risk", 2)
    assert (detail["ModelCardStatus"], detail["ModelId"]) == ("Approved", "credit-risk-1")
    assert detail["AccountId"] == ACCOUNTS[OWNER]
