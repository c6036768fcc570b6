"""Nobody appears as somebody else: what an attacker with a key tries on the deployed accounts."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.accounts import ACCOUNTS
from tests.local_platform import LocalPlatform

ROLES = f"arn:aws:iam::{ACCOUNTS['shared_services']}:role/causeway"
APPROVERS = (f"{ROLES}-test-approver", f"{ROLES}-production-approver")
OFFICER = "governance-officer"


def refused(sts: Any, **request: str) -> None:
    for role in APPROVERS:
        with pytest.raises(ClientError) as error:
            sts.assume_role(RoleArn=role, RoleSessionName=OFFICER, **request)
        assert error.value.response["Error"]["Code"] == "AccessDenied"


def sts_of(platform: LocalPlatform, keys: dict[str, str]) -> Any:
    return platform._client("sts", keys["access_key_id"], keys["secret_access_key"])


def test_a_person_is_known_by_their_own_key(platform: LocalPlatform) -> None:
    keys = platform.approver_session(OFFICER)
    sts = platform._client(
        "sts", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]
    )
    assert sts.get_caller_identity()["Arn"].endswith(
        "assumed-role/causeway-production-approver/somebody"
    )


@pytest.mark.parametrize("role", ["test", "prod", "data_science", "governance", "shared_services"])
def test_an_administrators_key_is_nobody(platform: LocalPlatform, role: str) -> None:
    refused(platform.client("sts", role), SourceIdentity=OFFICER)


def test_nobody_takes_on_the_role_as_somebody_else(platform: LocalPlatform) -> None:
    own = sts_of(platform, platform.people["model-owner"])
    refused(own, SourceIdentity=OFFICER)
    refused(own)
    refused(own, SourceIdentity="model-owner2")


def test_nobody_takes_on_the_role_of_a_stage_that_they_do_not_decide_on(
    platform: LocalPlatform,
) -> None:
    own = sts_of(platform, platform.people["model-owner"])
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        own.assume_role(
            RoleArn=f"{ROLES}-production-approver",
            RoleSessionName="me",
            SourceIdentity="model-owner",
        )


def test_an_approver_session_cannot_take_on_another_identity(platform: LocalPlatform) -> None:
    keys = platform.approver_session("model-owner")
    session = platform._client(
        "sts", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]
    )
    refused(session, SourceIdentity=OFFICER)
    refused(session)


def test_airflow_is_no_person(platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    session = boto3.Session(profile_name="causeway-airflow")
    refused(session.client("sts"), SourceIdentity=OFFICER)
    airflow = boto3.Session(profile_name="airflow").client("sts")
    refused(airflow, SourceIdentity=OFFICER)


def test_a_user_of_a_shared_role_is_told_apart_by_the_sessions_name(
    platform: LocalPlatform,
) -> None:
    """The local AWS lets a role be made at the path that AWS keeps for Identity Center."""
    import json

    from causeway.topology.people import Person, PersonPrincipal, trust_statements

    iam = platform.client("iam", "governance")
    name = "AWSReservedSSO_Approver_0123456789abcdef"
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNTS["governance"]}}
    role = iam.create_role(
        RoleName=name,
        Path="/aws-reserved/sso.amazonaws.com/",
        AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": trust | {"Action": "sts:AssumeRole"}}
        ),
    )["Role"]["Arn"]
    people = {
        person: Person(
            source_identity=person,
            airflow_user=person,
            principal=PersonPrincipal(role=role, user_name=f"{person}@x.org"),
            decides=("test",),
        )
        for person in ("ann", "bob")
    }
    target = f"arn:aws:iam::{ACCOUNTS['governance']}:role/deciders"
    iam.put_role_policy(
        RoleName=name,
        PolicyName="decide",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Allow",
                    "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
                    "Resource": target,
                },
            }
        ),
    )
    iam.create_role(
        RoleName="deciders",
        AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": list(trust_statements(people, "test"))}
        ),
    )
    ann = platform.client("sts", "governance").assume_role(
        RoleArn=role, RoleSessionName="ann@x.org"
    )["Credentials"]
    sts = platform._client("sts", ann["AccessKeyId"], ann["SecretAccessKey"], ann["SessionToken"])
    request = {"RoleArn": target, "RoleSessionName": "ann"}
    assert sts.assume_role(**request, SourceIdentity="ann")["SourceIdentity"] == "ann"
    with pytest.raises(ClientError, match="not authorized"):
        sts.assume_role(**request, SourceIdentity="bob")
