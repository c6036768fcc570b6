"""Who asks, and what follows from that for the conditions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from causeway.iam import Principal, PrincipalKind, Request
from tests.causeway.iam.cases import AWAY, HOME, ROOT, SESSION, USER

BUCKET = "arn:aws:s3:::data"


def test_a_session_acts_as_its_role() -> None:
    arn = f"arn:aws:sts::{HOME}:assumed-role/trainer/run-1"

    assert Principal.of_arn(arn).role_arn == f"arn:aws:iam::{HOME}:role/trainer"
    with_path = f"arn:aws:iam::{HOME}:role/causeway/trainer"
    assert Principal.of_arn(arn, role_arn=with_path).policy_arn == with_path


def test_root_and_users_are_told_apart() -> None:
    assert (ROOT.kind, USER.kind) == (PrincipalKind.ROOT, PrincipalKind.USER)
    assert ROOT.account == USER.account == HOME


@pytest.mark.parametrize("arn", ["", "ana", f"arn:aws:iam::{HOME}:role/r", "arn:aws:s3:::data"])
def test_what_cannot_sign_is_no_principal(arn: str) -> None:
    with pytest.raises(ValueError, match="is not the ARN"):
        Principal.of_arn(arn)


@pytest.mark.parametrize(
    ("resource", "account", "owner"),
    [
        (BUCKET, None, HOME),
        (BUCKET, AWAY, AWAY),
        ("*", None, HOME),
        (f"arn:aws:sqs:eu-central-1:{AWAY}:q", None, AWAY),
    ],
)
def test_the_owner_is_of_the_arn_or_given(resource: str, account: str | None, owner: str) -> None:
    request = Request(SESSION, "x:Y", resource, resource_account=account)

    assert request.owner == owner
    assert request.same_account is (owner == HOME)
    assert request.facts["aws:resourceaccount"] == (owner,)


def test_keys_of_the_principal_are_added_unless_given() -> None:
    user = Request(USER, "x:Y", BUCKET).facts
    service = Request(Principal.of_service("sns.amazonaws.com"), "x:Y", BUCKET, {}, HOME).facts
    facts = Request(SESSION, "x:Y", BUCKET, {"aws:PrincipalArn": "a", "AWS:UserID": "b"}).facts

    assert user["aws:username"] == ("ana",)
    assert user["aws:principalarn"] == (USER.arn,)
    assert service["aws:principalisawsservice"] == ("true",)
    assert service["aws:principalservicename"] == ("sns.amazonaws.com",)
    assert "aws:principalarn" not in service
    assert (facts["aws:principalarn"], facts["aws:userid"]) == (("a",), ("b",))


def test_values_become_the_texts_that_iam_compares() -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    context = {"a": True, "b": 7, "c": at, "d": b"x", "E": ["1", 2], "f": [], "g": "t"}
    facts = Request(SESSION, "x:Y", BUCKET, context).facts

    assert [facts[k] for k in "abcdeg"] == [
        *(("true",), ("7",), ("2026-03-01T12:00:00Z",), ("eA==",), ("1", "2"), ("t",)),
    ]
    assert "f" not in facts
    assert "aws:userid" not in Request(SESSION, "x:Y", BUCKET, {"aws:userid": []}).facts
