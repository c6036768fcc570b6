"""Runs each test marked `verified` on the local AWS, and with `CAUSEWAY_AWS=1` on AWS as well."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localaws.server import Accounts, running
from tests.accounts import ACCOUNTS
from tests.accounts import REGION as LOCAL_REGION
from tests.golden.recorder import Recorder
from tests.localaws.conftest import Aws
from tests.verified.accounts import SWITCH, RefusedError, Tried, real_accounts, switched_on


@pytest.fixture(scope="session")
def aws_itself() -> Tried:
    """The real accounts; the run ends when it would touch any that nobody named."""
    try:
        return real_accounts()
    except RefusedError as refused:
        pytest.exit(f"{SWITCH}=1, but {refused}", returncode=4)


@pytest.fixture(params=["local", "aws"])
def cloud(request: pytest.FixtureRequest) -> Iterator[Tried]:
    """Where the fact is tried; answers of AWS are recorded where `CAUSEWAY_AWS_RECORD` says."""
    if request.param == "local":
        with running(Accounts(LOCAL_REGION, dict(ACCOUNTS), ACCOUNTS["governance"])) as server:
            aws = Aws(server)
            clients: dict[tuple[str, str], Any] = {}

            def client(service: str, role: str) -> Any:
                return clients.setdefault((service, role), aws.client(service, role))

            yield Tried(False, LOCAL_REGION, client)
        return
    if not switched_on():
        pytest.skip(f"needs two real accounts: {SWITCH}=1 (docs/verification.md)")
    itself: Tried = request.getfixturevalue("aws_itself")
    folder = os.environ.get("CAUSEWAY_AWS_RECORD")
    if not folder:
        yield itself
        return
    recorder = Recorder()

    def recorded(service: str, role: str) -> Any:
        client = itself.client(service, role)
        recorder.attach(client)
        return client

    try:
        yield Tried(True, itself.region, recorded)
    finally:
        recorder.detach()
    name = request.node.originalname.removeprefix("test_").replace("_", "-")
    recorder.write(Path(folder) / f"{name}.json", itself.region)
