"""What a single statement speaks about."""

from __future__ import annotations

from typing import Any

import pytest

from causeway.iam import PolicyType, Request, parse
from causeway.iam.principal_element import Reach
from causeway.iam.statement import Statement
from tests.causeway.iam.cases import AWAY, HOME, SESSION, USER, allow, let


def read(statement: dict[str, Any], policy_type: PolicyType = PolicyType.IDENTITY) -> Statement:
    return parse({"Version": "2012-10-17", "Statement": statement}, policy_type).statements[0]


def test_not_action_covers_all_the_rest() -> None:
    statement = read({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})

    assert statement.covers("S3:getobject")
    assert not statement.covers("IAM:passrole")


def test_an_identitys_statement_speaks_to_whom_it_hangs_on() -> None:
    assert read(allow()).reach(USER) is Reach.DIRECT


def test_not_principal_speaks_to_all_the_rest() -> None:
    element = {"Effect": "Deny", "NotPrincipal": {"AWS": [USER.arn, HOME]}, "Action": "*"}
    statement = read(element, PolicyType.RESOURCE)

    assert statement.reach(USER) is Reach.NONE
    assert statement.reach(SESSION) is Reach.DIRECT


@pytest.mark.parametrize("account", [HOME, AWAY])
def test_a_statement_without_resource_speaks_about_what_it_hangs_on(account: str) -> None:
    statement = read(let("*"), PolicyType.RESOURCE)
    repository = f"arn:aws:ecr:eu-central-1:{account}:repository/r"

    assert statement.applies(Request(USER, "x:Y", repository))
