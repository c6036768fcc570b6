"""Clients of the account that owns the model package group, and of one that trains."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localaws.conftest import Aws
from tests.localaws.shapes import checked
from tests.localaws.versions import (
    OWNER,
    TRAINER,
)


@pytest.fixture
def owner(aws: Aws) -> Any:
    client = checked(aws.client("sagemaker", OWNER))
    client.create_model_package_group(
        ModelPackageGroupName="credit-risk",
        ModelPackageGroupDescription="scores",
        Tags=[{"Key": "team", "Value": "risk"}],
    )
    return client


@pytest.fixture
def trainer(aws: Aws) -> Any:
    return checked(aws.client("sagemaker", TRAINER))
