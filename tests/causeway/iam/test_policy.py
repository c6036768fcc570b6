"""What is a policy document and what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from causeway.iam import MalformedPolicy, PolicyType, parse

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
LET = {**ALLOW, "Principal": {"AWS": "111122223333"}}
USER = "arn:aws:iam::111122223333:user/ana"


def document(**changes: Any) -> dict[str, Any]:
    statement = {**ALLOW, **changes}
    return {"Version": "2012-10-17", "Statement": [{k: v for k, v in statement.items() if v}]}


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("{", "no JSON"),
        ("[]", "no mapping"),
        ('{"Version": "2012-10-17"}', "no Statement"),
        ('{"Statement": [], "Statement": []}', "stands twice"),
        ({"Version": "2020-01-01", "Statement": ALLOW}, "Version '2020-01-01'"),
        ({"Statement": ALLOW, "Extra": 1}, "no element Extra"),
        ({"Statement": ["x"]}, "no mapping"),
        ({"Statement": {"x": {1, 2}}}, "no JSON"),
        (document(Effect="allow"), "neither Allow nor Deny"),
        (document(Extra=1), "no element Extra"),
        (document(Action=None), "either Action or NotAction"),
        (document(NotAction="s3:*"), "either Action or NotAction"),
        (document(Action="GetObject"), "no action"),
        (document(Action=["s3:Get Object"]), "no action"),
        (document(Action=[1]), "no text"),
        (document(Resource=None), "either Resource or NotResource"),
        (document(NotResource="*"), "either Resource or NotResource"),
        (document(Resource="bucket"), "neither an ARN"),
        (document(Principal="*"), "names no principals"),
        (document(Sid=7), "no text"),
        (document(Sid="not a sid"), "other characters"),
        ({"Statement": [{**ALLOW, "Sid": "A"}, {**ALLOW, "Sid": "A"}]}, "the same Sid"),
        (document(Condition=["x"]), "no mapping of operators"),
        (document(Condition={"StringEquals": "x"}), "no mapping of keys"),
        (document(Condition={"StringIs": {"k": "x"}}), "no condition operator StringIs"),
        (document(Condition={"ForMany:StringEquals": {"k": "x"}}), "no condition operator"),
        (document(Condition={"NullIfExists": {"k": "true"}}), "no IfExists"),
        (document(Condition={"Bool": {"k": "yes"}}), "neither true nor false"),
        (document(Condition={"Null": {"k": "x"}}), "neither true nor false"),
        (document(Condition={"NumericEquals": {"k": "x"}}), "no number"),
        (document(Condition={"DateLessThan": {"k": "tomorrow"}}), "no time"),
        (document(Condition={"IpAddress": {"k": "10.0.0.0/99"}}), "no range"),
        (document(Condition={"BinaryEquals": {"k": "%"}}), "base 64"),
        (document(Condition={"StringEquals": {"k": {"x": 1}}}), "neither text, number"),
    ],
)
def test_a_malformed_identity_policy_is_explained(broken: Any, words: str) -> None:
    with pytest.raises(MalformedPolicy, match="malformed policy document") as raised:
        parse(broken, PolicyType.IDENTITY)

    assert words in raised.value.what


@pytest.mark.parametrize(
    ("principal", "words"),
    [
        (None, "either Principal or NotPrincipal"),
        ("ana", "neither '*' nor a mapping"),
        ({}, "neither '*' nor a mapping"),
        ({"User": "ana"}, "no kind of principal"),
        ({"AWS": 111122223333}, "neither a text nor a list"),
        ({"AWS": "arn:aws:iam::111122223333:user/*"}, "is no principal"),
        ({"AWS": "arn:aws:iam::111122223333:group/all"}, "is no principal"),
        ({"AWS": "arn:aws:sts::111122223333:assumed-role/trainer/*"}, "is no principal"),
        ({"AWS": "1111"}, "is no principal"),
    ],
)
def test_a_malformed_principal_is_explained(principal: Any, words: str) -> None:
    statement = {**ALLOW, "Principal": principal} if principal is not None else ALLOW

    with pytest.raises(MalformedPolicy) as raised:
        parse({"Statement": statement}, PolicyType.RESOURCE)

    assert words in raised.value.what


def test_a_statement_is_named_by_its_sid_or_its_place() -> None:
    bad = {**ALLOW, "Effect": "Maybe"}

    with pytest.raises(MalformedPolicy, match="statement 2: "):
        parse({"Statement": [ALLOW, bad]}, PolicyType.IDENTITY)
    with pytest.raises(MalformedPolicy, match="statement Reads: "):
        parse({"Statement": [{**bad, "Sid": "Reads"}]}, PolicyType.IDENTITY)


def test_a_trust_policy_names_no_resource() -> None:
    assume = {**LET, "Action": "sts:AssumeRole"}

    with pytest.raises(MalformedPolicy, match="no Resource"):
        parse({"Statement": assume}, PolicyType.TRUST)
    del assume["Resource"]
    assert len(parse({"Statement": assume}, PolicyType.TRUST).statements) == 1


def test_a_resource_policy_may_leave_its_resource_out_and_write_freer_sids() -> None:
    statement = {k: v for k, v in LET.items() if k != "Resource"}
    policy = parse({"Statement": [{**statement, "Sid": "Allow use of it"}]}, PolicyType.RESOURCE)

    assert policy.statements[0].id.sid == "Allow use of it"


def test_one_text_is_read_once() -> None:
    text = json.dumps(document())

    assert parse(text, PolicyType.IDENTITY) is parse(text, PolicyType.IDENTITY)
    assert parse(document(), PolicyType.IDENTITY) is parse(document(), PolicyType.IDENTITY)
    assert parse(text, PolicyType.IDENTITY) is not parse(text, PolicyType.BOUNDARY)
    assert parse(text, PolicyType.IDENTITY, "a") is not parse(text, PolicyType.IDENTITY, "b")


def test_every_kind_of_principal_is_read() -> None:
    kinds = {
        "AWS": ["111122223333", USER, "AIDAEXAMPLEANA000001", "*"],
        "Service": "sns.amazonaws.com",
        "Federated": "accounts.google.com",
        "CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be",
    }

    assert parse({"Statement": {**ALLOW, "Principal": kinds}}, PolicyType.RESOURCE).statements
