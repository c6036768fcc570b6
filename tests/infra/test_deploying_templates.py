"""Deploys that take an account layout or parameters of their own."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from localaws.sagemaker.machine.network import VPC_ACTIONS
from tests.infra.deploying import RESOURCES, ROLES, TEMPLATE_OF, deploy, parameters
from tests.localaws.conftest import ACCOUNTS, Aws, aws  # noqa: F401 - the fixture


@pytest.mark.parametrize(
    "merged",
    [
        {"prod": "555555555555"},
        {"data_science": "555555555555"},
        dict.fromkeys(ACCOUNTS.keys() - {"consumer"}, "444444444444"),  # that has its own
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


SUBNETS = "subnet-0123456789abcdef0,subnet-0123456789abcdef1"
VOLUME_KEY = "arn:aws:kms:eu-central-1:222222222222:key/11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("role", "execution"),
    [
        ("data", "feature-execution"),
        ("data_science", "training-execution"),
        ("prod", "serving-execution"),
    ],
)
def test_what_runs_in_a_vpc_under_a_key_may_attach_and_use_it(
    aws: Aws,  # noqa: F811
    role: str,
    execution: str,
) -> None:
    iam, name = aws.client("iam", role), f"causeway-{execution}"
    deploy(aws, role, ACCOUNTS)
    assert {"attach", "encrypt-volumes"}.isdisjoint(
        iam.list_role_policies(RoleName=name)["PolicyNames"]
    )
    given = {item["ParameterKey"]: item for item in parameters(role, ACCOUNTS)}
    given["Subnets"]["ParameterValue"] = SUBNETS
    given["VolumeKeys"]["ParameterValue"] = VOLUME_KEY
    deploy(aws, role, ACCOUNTS, Parameters=list(given.values()))
    attach = iam.get_role_policy(RoleName=name, PolicyName="attach")["PolicyDocument"]
    granted = {action for one in attach["Statement"] for action in one["Action"]}
    assert granted == set(VPC_ACTIONS)
    key = iam.get_role_policy(RoleName=name, PolicyName="encrypt-volumes")["PolicyDocument"]
    assert key["Statement"][0]["Resource"] == [VOLUME_KEY]


def test_jobs_start_in_the_declared_subnets_alone(aws: Aws) -> None:  # noqa: F811
    given = {item["ParameterKey"]: item for item in parameters("data_science", ACCOUNTS)}
    given["Subnets"]["ParameterValue"] = SUBNETS
    deploy(aws, "data_science", ACCOUNTS, Parameters=list(given.values()))
    iam = aws.client("iam", "data_science")
    for role, policy in (("trainer", "train"), ("pipeline-execution", "orchestrate")):
        document = iam.get_role_policy(RoleName=f"causeway-{role}", PolicyName=policy)
        (start,) = [s for s in document["PolicyDocument"]["Statement"] if s["Sid"] == "StartJobs"]
        assert start["Condition"] == {
            "ForAllValues:StringEquals": {"sagemaker:VpcSubnets": SUBNETS.split(",")},
            "Null": {"sagemaker:VpcSubnets": "false"},
        }


def test_buckets_delete_what_queries_and_jobs_leave(aws: Aws) -> None:  # noqa: F811
    kept = {}
    for role in ("data", "data_science"):
        deploy(aws, role, ACCOUNTS)
        s3 = aws.client("s3", role)
        bucket = f"causeway-{role.replace('_', '-')}-{ACCOUNTS[role]}-eu-central-1"
        for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]:
            assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
            kept[role, rule["Filter"]["Prefix"]] = rule["Expiration"]["Days"]
    assert kept == {
        ("data", "jobs/"): 365,
        ("data_science", "jobs/"): 365,
        ("data_science", "datasets/queries/"): 7,
    }


def test_a_query_that_reads_more_than_the_limit_is_cancelled(aws: Aws) -> None:  # noqa: F811
    deploy(aws, "data_science", ACCOUNTS)
    deploy(aws, "data_science", ACCOUNTS, RESOURCES)
    athena = aws.client("athena", "data_science")
    group = athena.get_work_group(WorkGroup="causeway")["WorkGroup"]
    assert group["Configuration"]["BytesScannedCutoffPerQuery"] == 20_000_000
