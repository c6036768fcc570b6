"""The local AWS answers as AWS does, by the examples that AWS publishes and by recorded answers.

`docs/verification.md` says where the answers come from and how more of them are recorded.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from localaws.server import Accounts, running
from tests.accounts import ACCOUNTS, REGION
from tests.golden.pairs import files, load
from tests.golden.replay import differences
from tests.localaws.conftest import Aws

ORGANISATION = Accounts(REGION, dict(ACCOUNTS), ACCOUNTS["governance"], organisation=True)


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_answers_have_the_members_and_the_error_codes_of_aws(path: Path) -> None:
    golden = load(path)
    with running(ORGANISATION, threads=4) as server:
        aws = Aws(server)
        services = {call.service for call in (*golden.setup, *golden.calls)}
        clients = {service: aws.client(service, "governance") for service in services}
        problems = differences(golden, clients.__getitem__)
    undeclared = [p for p in problems if not any(_is(p, name) for name in golden.different)]
    assert undeclared == []
    mended = [name for name in golden.different if not any(_is(p, name) for p in problems)]
    assert mended == [], "these answer as AWS does now: take them out of `different`"


def _is(problem: str, declared: str) -> bool:
    return problem.startswith(f"{declared}:")


def test_every_golden_file_says_where_its_answers_come_from() -> None:
    for path in files():
        source = load(path).source
        assert source["publisher"] == "AWS", path
        assert source["where"], path
        if source["kind"] == "documented":
            origin = source.get("url", source["where"])
            assert origin.startswith(("botocore ", "github.com/aws/", "https://docs.aws.")), path
