"""What a decision tells: AWS's sentence, the policy type, the statements."""

from __future__ import annotations

import pytest

from causeway.iam import Policies, PolicyType, Request, evaluate, parse
from tests.causeway.iam.cases import ROLE_ARN, SESSION, SESSION_ARN, USER, allow, deny, let


def test_a_denial_reads_as_awss() -> None:
    request = Request(SESSION, "s3:GetObject", "arn:aws:s3:::data/x")

    assert evaluate(request, Policies()).message == (
        f"User: {SESSION_ARN} is not authorized to perform: s3:GetObject on resource: "
        "arn:aws:s3:::data/x because no identity-based policy allows the s3:GetObject action"
    )


@pytest.mark.parametrize(
    ("policy_type", "words"),
    [
        (PolicyType.IDENTITY, "an identity-based policy"),
        (PolicyType.BOUNDARY, "a permissions boundary"),
        (PolicyType.SESSION, "a session policy"),
        (PolicyType.SCP, "a service control policy"),
    ],
)
def test_an_explicit_deny_names_its_policy_and_statement(
    policy_type: PolicyType, words: str
) -> None:
    policy = parse({"Statement": [allow(), deny(Sid="Never")]}, policy_type, "fence")
    policies = {
        PolicyType.IDENTITY: Policies(identity=(policy,)),
        PolicyType.BOUNDARY: Policies(boundary=policy),
        PolicyType.SESSION: Policies(session=(policy,)),
        PolicyType.SCP: Policies(scps=((policy,),)),
    }
    decision = evaluate(Request(USER, "s3:GetObject", "arn:aws:s3:::d/x"), policies[policy_type])

    assert decision.message.endswith(f"with an explicit deny in {words}")
    assert (decision.denied_by, decision.explicit) == (policy_type, True)
    (statement,) = decision.statements
    assert (statement.policy_name, statement.index, statement.sid) == ("fence", 1, "Never")


def test_an_allowed_decision_tells_every_statement_that_allows() -> None:
    identity = parse(
        {"Statement": [allow(Sid="A"), allow("sqs:*"), allow("s3:*")]}, PolicyType.IDENTITY
    )
    bucket = parse({"Statement": [let(ROLE_ARN, Sid="B")]}, PolicyType.RESOURCE)
    decision = evaluate(
        Request(SESSION, "s3:GetObject", "arn:aws:s3:::d/x"),
        Policies(identity=(identity,), resource=(bucket,)),
    )

    assert decision.allowed
    assert (decision.message, decision.reason, decision.denied_by) == ("", "", None)
    assert [(s.sid, s.index) for s in decision.statements] == [("B", 0), ("A", 0), (None, 2)]


def test_a_trust_policy_that_denies_is_the_roles_own() -> None:
    assume = {**let(USER.arn, "sts:AssumeRole"), "Effect": "Deny"}
    trust = parse({"Statement": assume}, PolicyType.TRUST)
    role = "arn:aws:iam::111122223333:role/reader"
    decision = evaluate(Request(USER, "sts:AssumeRole", role), Policies(resource=(trust,)))

    assert decision.reason == "with an explicit deny in the role trust policy"


def test_only_policies_of_resources_name_principals() -> None:
    naming = {kind for kind in PolicyType if kind.names_principals}

    assert naming == {PolicyType.RESOURCE, PolicyType.TRUST}
