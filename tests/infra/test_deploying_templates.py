"""Deploys that take an account layout or parameters of their own."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.infra.deploying import ROLES, TEMPLATE_OF, deploy, parameters
from tests.localaws.conftest import ACCOUNTS, Aws, aws  # noqa: F401 - the fixture


@pytest.mark.parametrize(
    "merged",
    [
        {"prod": "555555555555"},
        {"data_science": "555555555555"},
        dict.fromkeys(ACCOUNTS, "444444444444"),
    ],
    ids=["test-and-prod", "data-science-and-test", "all-in-one"],
)
def test_account_roles_may_share_an_account(aws: Aws, merged: dict[str, str]) -> None:  # noqa: F811
    accounts = {**ACCOUNTS, **merged}
    for role in TEMPLATE_OF:
        deploy(aws, role, accounts)
    for role, expected in ROLES.items():
        listed = aws.client("iam", accounts[role]).list_roles()["Roles"]
        assert expected <= {item["RoleName"] for item in listed}


def test_a_missing_account_id_is_named(aws: Aws) -> None:  # noqa: F811
    with pytest.raises(ClientError, match=r"\[GovernanceAccountId\] must have values"):
        given = [p for p in parameters("data", ACCOUNTS) if "Governance" not in p["ParameterKey"]]
        deploy(aws, "data", ACCOUNTS, Parameters=given)


def test_the_ingester_may_read_declared_landing_buckets_alone(aws: Aws) -> None:  # noqa: F811
    given = {item["ParameterKey"]: item for item in parameters("data", ACCOUNTS)}
    given["LandingObjects"]["ParameterValue"] = "arn:aws:s3:::landing/loans/*"
    deploy(aws, "data", ACCOUNTS, Parameters=list(given.values()))
    iam = aws.client("iam", "data")
    assert "decrypt-deliveries" not in iam.list_role_policies(RoleName="causeway-ingester")
    policy = iam.get_role_policy(RoleName="causeway-ingester", PolicyName="fetch")
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == (
        "s3:GetObject",
        ["arn:aws:s3:::landing/loans/*"],
    )
