"""A workshop in the data science account of a local AWS that a module's tests share.

Starting one takes most of a second, so these tests use names of their own instead of a fresh one.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localaws.server import Accounts, running
from tests.localaws.conftest import ACCOUNTS, REGION, Aws
from tests.localaws.sagemaker.work import Workshop


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    accounts = Accounts(REGION, dict(ACCOUNTS), ACCOUNTS["governance"])
    with running(accounts, control=True) as server:
        yield Workshop(Aws(server))
