"""The table of services, and that it is what the pinned source says."""

from __future__ import annotations

import pytest

from causeway.iam import services
from tests.service_authorization import SERVICES, TABLE, render

ACCOUNT = "111122223333"
SAGEMAKER = f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}:"


def test_the_table_is_generated_from_the_pinned_source() -> None:
    assert TABLE.read_text(encoding="utf-8") == render(), "run `make docs`"


def test_every_service_has_actions() -> None:
    assert services.services() == set(SERVICES)
    assert all(services.actions_of(service) for service in SERVICES)
    assert services.actions_of("moonbase") == frozenset()


def test_an_action_is_known_in_any_case_of_letters() -> None:
    assert services.known("s3:GetObject")
    assert services.known("S3:getobject")
    assert not services.known("s3:GetObjekt")
    assert not services.known("moonbase:Land")
    assert "sagemaker:UpdateModelPackage" in services.actions_of("sagemaker")


def test_condition_keys_are_those_of_the_action_and_its_types() -> None:
    keys = services.condition_keys("sagemaker:UpdateModelPackage")

    assert {"sagemaker:ModelApprovalStatus", "aws:ResourceTag/${TagKey}"} <= keys
    assert "iam:PassedToService" in services.condition_keys("iam:PassRole")
    assert services.condition_keys("moonbase:Land") == frozenset()


def test_an_action_without_resources_takes_none() -> None:
    assert services.resource_types("s3:ListAllMyBuckets") == ()
    assert services.matches_resource_type("s3:ListAllMyBuckets", "arn:aws:s3:::data") is None


def test_what_is_required_is_told() -> None:
    required = {t.name: t.required for t in services.resource_types("sagemaker:CreateModel")}

    assert required == {"model": True}


@pytest.mark.parametrize(
    ("action", "arn", "name"),
    [
        ("s3:ListBucket", "arn:aws:s3:::data", "bucket"),
        ("s3:ListBucket", "arn:aws:s3:::data/key", None),
        ("s3:GetObject", "arn:aws:s3:::data/deep/key:x", "object"),
        ("s3:GetObject", "arn:aws:s3:::data", None),
        ("kms:Decrypt", f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/0b1c", "key"),
        ("kms:Decrypt", f"arn:aws:kms:eu-central-1:{ACCOUNT}:alias/data", None),
        ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/causeway/trainer", "role"),
        ("sagemaker:DescribeModelPackage", f"{SAGEMAKER}model-package/churn/3", "model-package"),
        ("sagemaker:DescribeModelPackage", f"{SAGEMAKER}model-package-group/churn", None),
        (
            "logs:PutLogEvents",
            f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:/aws/x:log-stream:a/b",
            "log-stream",
        ),
        ("glue:GetTable", f"arn:aws:glue:eu-central-1:{ACCOUNT}:table/db/t", "table"),
        ("glue:GetTable", f"arn:aws:glue:eu-central-1:{ACCOUNT}:database/db", "database"),
    ],
)
def test_a_resource_has_the_type_that_says_most(action: str, arn: str, name: str | None) -> None:
    resource_type = services.matches_resource_type(action, arn)

    assert (resource_type.name if resource_type else None) == name
