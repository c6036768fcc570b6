"""A model package group, and clients of RAM for its owner and a consumer."""

from __future__ import annotations

import pytest

from tests.localaws.conftest import Aws
from tests.localaws.ram.shares import CONSUMER, GROUP_ARN, OWNER
from tests.localaws.shapes import checked


@pytest.fixture
def group(aws: Aws) -> str:
    reply = aws.client("sagemaker", OWNER).create_model_package_group(
        ModelPackageGroupName="credit-risk"
    )
    assert reply["ModelPackageGroupArn"] == GROUP_ARN
    return GROUP_ARN


@pytest.fixture
def owner(aws: Aws):
    return checked(aws.client("ram", OWNER))


@pytest.fixture
def consumer(aws: Aws):
    return checked(aws.client("ram", CONSUMER))
