"""Policies in tests: statements, documents, and sessions that may do just what they say."""

from __future__ import annotations

import json
from typing import Any

from tests.accounts import ACCOUNTS
from tests.localaws.conftest import Aws, Signer

#: The account whose resources most tests of permissions use, and a second one.
DATA, OTHER = ACCOUNTS["data"], ACCOUNTS["data_science"]


def statement(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a statement that allows an action."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def document(*statements: dict[str, Any]) -> str:
    """Return a policy of statements as text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def signed_in(aws: Aws, account: str, *statements: dict[str, Any], name: str = "duty") -> Signer:
    """Return a session of a new role that may do just this."""
    aws.role(account, name, allow=list(statements))
    return aws.assume(account, name)
