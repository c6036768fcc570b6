"""A workshop in the data science account."""

from __future__ import annotations

import pytest

from tests.localaws.conftest import Aws
from tests.localaws.sagemaker.work import Workshop


@pytest.fixture
def workshop(aws: Aws) -> Workshop:
    return Workshop(aws)
