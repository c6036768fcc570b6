"""Real accounts are touched only where each was named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.verified.accounts import (
    PROFILES,
    REGION,
    SWITCH,
    RefusedError,
    real_accounts,
    switched_on,
)

NAMED = {PROFILES: "governance=one,data=two", REGION: "eu-central-1"}


def test_nothing_but_the_switch_itself_turns_to_aws() -> None:
    assert switched_on({"CAUSEWAY_AWS": "1"})
    for other in ({}, NAMED, {"CAUSEWAY_AWS": ""}, {"CAUSEWAY_AWS": "true"}):
        assert not switched_on(other)


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({"AWS_PROFILE": "default", REGION: "eu-central-1"}, "no profile for governance, data"),
        (NAMED | {PROFILES: "governance=one"}, "no profile for data"),
        (NAMED | {PROFILES: "governance=,data=two"}, "no profile for governance"),
        ({PROFILES: NAMED[PROFILES]}, REGION),
        (NAMED | {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, "would not be AWS's"),
        (NAMED | {"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:4566"}, "would not be AWS's"),
    ],
)
def test_accounts_that_nobody_named_are_refused(environment: dict[str, str], missing: str) -> None:
    with pytest.raises(RefusedError, match=missing):
        real_accounts(environment)


def test_the_page_names_the_variables_that_are_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "verification.md").read_text()
    named = dict(re.findall(r"^export (\w+)=(\S+)", page, re.MULTILINE))
    assert named.keys() == {SWITCH, PROFILES, REGION, "CAUSEWAY_AWS_RECORD"}
    assert switched_on(named)
    for part in ("governance=", "data="):
        assert part in named[PROFILES]
