"""The table of services, and that it is what the pinned source says."""

from __future__ import annotations

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


def test_an_action_is_read_in_any_case_of_letters() -> None:
    assert services.resource_types("s3:GetObject")
    assert services.resource_types("S3:getobject") == services.resource_types("s3:GetObject")
    assert not services.resource_types("s3:GetObjekt")
    assert not services.resource_types("moonbase:Land")
    assert "sagemaker:UpdateModelPackage" in services.actions_of("sagemaker")


def test_condition_keys_are_those_of_the_action_and_its_types() -> None:
    keys = services.condition_keys("sagemaker:UpdateModelPackage")

    assert {"sagemaker:ModelApprovalStatus", "aws:ResourceTag/${TagKey}"} <= keys
    assert "iam:PassedToService" in services.condition_keys("iam:PassRole")
    assert services.condition_keys("moonbase:Land") == frozenset()


def test_an_action_without_resources_takes_none() -> None:
    assert services.resource_types("s3:ListAllMyBuckets") == ()


def test_what_is_required_is_told() -> None:
    required = {t.name: t.required for t in services.resource_types("sagemaker:CreateModel")}

    assert required == {"model": True}
