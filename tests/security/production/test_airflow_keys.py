"""Airflow holds no administrator: what its processes have are the key of one user, and duties."""

from __future__ import annotations

import configparser
from pathlib import Path

import boto3

from causeway.topology.connections import connections
from tests.accounts import REGION
from tests.local_platform import LocalPlatform
from tests.refusals import refused


def test_no_process_of_airflow_is_given_an_administrators_key(platform: LocalPlatform) -> None:
    environment = platform.environment
    files = [environment["AWS_CONFIG_FILE"], environment["AWS_SHARED_CREDENTIALS_FILE"]]
    given = "\n".join([*environment.values(), *(Path(file).read_text() for file in files)])
    secrets = [keys["secret_access_key"] for keys in platform.accounts.values()]
    people = [keys["secret_access_key"] for keys in platform.people.values()]
    assert [secret for secret in (*secrets, *people) if secret in given] == []


def test_every_connection_is_a_duty(platform: LocalPlatform) -> None:
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

    from causeway_airflow.configuration import topology

    declared = connections(topology())
    variables = {f"AIRFLOW_CONN_{item.conn_id.upper()}" for item in declared}
    given = {name for name in platform.environment if name.startswith("AIRFLOW_CONN_")}
    assert given <= variables | {"AIRFLOW_CONN_CAUSEWAY_MLFLOW"}
    for item in declared:
        sts = AwsBaseHook(aws_conn_id=item.conn_id, client_type="sts").get_conn()
        role = item.role_arn.rpartition("/")[2]
        assert f":assumed-role/{role}/" in sts.get_caller_identity()["Arn"]


def test_the_key_of_airflows_user_takes_on_one_role_and_does_nothing_else(
    platform: LocalPlatform,
) -> None:
    files = configparser.ConfigParser()
    files.read(platform.environment["AWS_SHARED_CREDENTIALS_FILE"])
    (profile,) = files.sections()
    session = boto3.Session(
        files[profile]["aws_access_key_id"],
        files[profile]["aws_secret_access_key"],
        region_name=REGION,
    )
    client = {
        name: session.client(name, endpoint_url=platform.endpoint)
        for name in ("sts", "iam", "s3", "cloudformation")
    }
    refused("AccessDenied", client["iam"].list_roles)
    refused("AccessDenied", client["s3"].list_buckets)
    refused("AccessDenied", client["cloudformation"].describe_stacks)
    for account, role in (("shared_services", "approver"), ("shared_services", "releaser")):
        arn = f"arn:aws:iam::{platform.accounts[account]['id']}:role/causeway-{role}"
        refused("AccessDenied", client["sts"].assume_role, RoleArn=arn, RoleSessionName="try")
