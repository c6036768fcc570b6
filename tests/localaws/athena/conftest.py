"""The lake that the tests of a module share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localaws.server import Accounts, running
from tests.accounts import ACCOUNTS, REGION
from tests.localaws.athena.lake import Lake, filled
from tests.localaws.conftest import Aws


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    """One lake for all tests: whoever takes a grant gives it back (`closed`)."""
    accounts = Accounts(REGION, dict(ACCOUNTS), ACCOUNTS["governance"])
    with running(accounts, control=True) as server:
        lake = filled(Aws(server))
        lake.open()
        yield lake
