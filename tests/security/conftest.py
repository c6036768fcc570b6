"""A local AWS for the tries of a file; each try uses names of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localaws.server import Accounts, running
from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    accounts = Accounts(REGION, dict(ACCOUNTS), ACCOUNTS["governance"])
    with running(accounts, control=True, check_replies=True, threads=12) as server:
        yield Aws(server)
        assert server.cloud.conformance.document()["violations"] == []
