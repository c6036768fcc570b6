"""Consumers besides data science: a second team, production at inference, and strangers.

On a platform of its own, whose duties have the rights of their templates and no others.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from causeway.errors import CausewayError
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import load_topology
from causeway.topology.names import DATA_CATALOG, WORKGROUP
from causeway.use_cases.files import load_use_cases
from causeway.use_cases.use_case import USE_CASES_DIR
from causeway_airflow.configuration import case_of
from tests.local_platform import LocalPlatform, local_platform
from tests.plugins.conftest import context
from tests.plugins.shared_platform import converge_shares

REGION = "eu-central-1"
LOAN, APPLICANT = (
    f"arn:aws:sagemaker:{REGION}:111111111111:feature-group/credit-risk-{name}"
    for name in ("loan", "applicant")
)
RECORD, STRANGER = "sgc-000001", "999999999999"
ACCESS: list[dict[str, Any]] = [
    {"resource": "feature_catalog", "grant": "discover", "to": ["consumer"], "label": "consumer"},
    {
        "resource": "feature_groups",
        "grant": "read",
        "to": ["consumer", "prod", STRANGER],
        "names": ["credit-risk-loan"],
    },
]


@pytest.fixture(scope="module")
def consumers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPlatform]:
    """The loan group is shared with a second team, with production and with a stranger."""
    from causeway_airflow.operators.policies import ConvergePoliciesOperator
    from causeway_airflow.operators.sharing import (
        AcceptInvitationsOperator,
        DefineFeatureGroupsOperator,
    )
    from causeway_airflow.tasks.sharing_runs import receiving_roles

    folder = tmp_path_factory.mktemp("consumers")
    declared(folder)
    with local_platform(folder) as platform, pytest.MonkeyPatch.context() as patch:
        for name, value in platform.environment.items():
            if not name.startswith("AIRFLOW__") and name not in ("AIRFLOW_HOME", "PATH"):
                patch.setenv(name, value)
        patch.setenv("CAUSEWAY_USE_CASES", str(folder / "use-cases"))
        platform.deploy("data", use_cases=load_use_cases(folder / "use-cases"))
        DefineFeatureGroupsOperator(task_id="define").perform({})
        plans = converge_shares("data")
        ConvergePoliciesOperator(task_id="p", account_role="data", duty="data-sharer").perform({})
        receivers = receiving_roles(plans)
        for receiver in receivers:
            AcceptInvitationsOperator(task_id="accept", **receiver).perform({})
        accepting = {receiver["account_role"] for receiver in receivers}
        assert accepting == {"data_science", "prod", "consumer"}
        fill(platform)
        yield platform


def declared(folder: Path) -> None:
    case = yaml.safe_load((USE_CASES_DIR / "credit_risk.yaml").read_text()) | {"access": ACCESS}
    (folder / "use-cases").mkdir()
    (folder / "use-cases" / "credit_risk.yaml").write_text(yaml.safe_dump(case))


def fill(platform: LocalPlatform) -> None:
    for name in ("credit-risk-loan", "credit-risk-applicant"):
        group = case_of("credit_risk").group(name)
        values = {group.record_identifier: RECORD, group.event_time: "2024-01-01T00:00:00Z"}
        values |= {feature.name: "1" for feature in group.features}
        platform.client("sagemaker-featurestore-runtime", "data").put_record(
            FeatureGroupName=group.name,
            Record=[{"FeatureName": k, "ValueAsString": v} for k, v in values.items()],
        )


def online(account_role: str, group: str) -> dict[str, Any]:
    from causeway_airflow.operators.enrichment import EnrichRecordsOperator

    task = EnrichRecordsOperator(
        task_id="read",
        account_role=account_role,
        duty="reader",
        feature_group=group,
        records=[RECORD],
        features=["amount" if group == LOAN else "age"],
    )
    return dict(task.perform(context()))


def serving(platform: LocalPlatform) -> Any:
    """Return what a container of an endpoint has; its administrator stands in for SageMaker."""
    iam, name = platform.client("iam", "prod"), "causeway-serving-execution"
    role = iam.get_role(RoleName=name)["Role"]
    administrator = platform.client("sts", "prod").get_caller_identity()["Arn"]
    let_in = {"Effect": "Allow", "Principal": {"AWS": administrator}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [let_in]}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    keys = platform.client("sts", "prod").assume_role(
        RoleArn=role["Arn"], RoleSessionName="container"
    )["Credentials"]
    before = json.dumps(role["AssumeRolePolicyDocument"])
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=before)
    return boto3.client(
        "sagemaker-featurestore-runtime",
        region_name=REGION,
        endpoint_url=platform.endpoint,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def query(group: str) -> list[dict[str, str]]:
    """Ask Athena as the reader of the second team."""
    from causeway_airflow.hooks.athena import AthenaHook

    athena = AthenaHook("causeway_consumer_reader")
    sql = f'SELECT count(*) AS n FROM "{DATA_CATALOG}"."sagemaker_featurestore"."{group}"'
    execution = athena.start(sql, WORKGROUP, f"{group}-{time.monotonic()}".ljust(32, "x"))
    described = athena.settled(execution, 30)
    if described["Status"]["State"] != "SUCCEEDED":
        raise athena.failure(described)
    return athena.rows(execution)


def table_of(platform: LocalPlatform, group: str) -> str:
    described = platform.client("sagemaker", "data").describe_feature_group(FeatureGroupName=group)
    return str(described["OfflineStoreConfig"]["DataCatalogConfig"]["TableName"])


@pytest.mark.parametrize("account_role", ["consumer", "prod"])
def test_a_consumer_reads_online_what_is_shared_with_it_and_nothing_else(
    consumers: LocalPlatform, account_role: str
) -> None:
    assert online(account_role, LOAN)["records"] == {RECORD: {"amount": 1}}
    with pytest.raises(CausewayError, match="AccessDenied"):
        online(account_role, APPLICANT)


def test_an_endpoint_in_production_reads_online_at_inference(consumers: LocalPlatform) -> None:
    session = serving(consumers)
    key = {"RecordIdentifierValueAsString": RECORD}
    record = session.get_record(FeatureGroupName=LOAN, **key)["Record"]
    assert {"FeatureName": "amount", "ValueAsString": "1"} in record
    for call, more in (
        (session.get_record, {"FeatureGroupName": APPLICANT, **key}),
        (
            session.put_record,
            {"FeatureGroupName": LOAN, "Record": record},
        ),
        (
            session.delete_record,
            {"FeatureGroupName": LOAN, "EventTime": "2025-01-01T00:00:00Z", **key},
        ),
    ):
        with pytest.raises(session.exceptions.AccessForbidden):
            call(**more)


def test_a_second_team_discovers_every_group_and_queries_what_is_shared_with_it(
    consumers: LocalPlatform,
) -> None:
    from causeway_airflow.operators.sharing import DiscoverSharedOperator, VerifyAccessOperator

    seen = DiscoverSharedOperator(task_id="find", account_role="consumer").perform({})
    assert {LOAN, APPLICANT} <= set(seen["feature_groups"]), "the whole catalogue"
    verified = VerifyAccessOperator(task_id="verify", account_role="consumer").perform({})
    assert (verified["described"], verified["waiting"]) == ([LOAN], [])
    until, loan = time.monotonic() + 60, table_of(consumers, "credit-risk-loan")
    while query(loan) != [{"n": "1"}]:
        assert time.monotonic() < until
        time.sleep(0.3)
    with pytest.raises(CausewayError, match="PERMISSION_DENIED"):
        query(table_of(consumers, "credit-risk-applicant"))


def test_the_bucket_and_the_key_let_in_the_readers_alone(consumers: LocalPlatform) -> None:
    bucket = f"causeway-data-111111111111-{REGION}"
    policy = json.loads(consumers.client("s3", "data").get_bucket_policy(Bucket=bucket)["Policy"])
    by_account = {
        str(statement["Principal"]["AWS"]): statement.get("Condition", {})
        for statement in policy["Statement"]
        if statement["Sid"].startswith("CausewayConsumersRead")
    }
    (condition,) = [c for who, c in by_account.items() if "888888888888" in who]
    assert condition["ArnEquals"] == {
        "aws:PrincipalArn": ["arn:aws:iam::888888888888:role/causeway-reader"]
    }
    assert not [who for who in by_account if "666666666666" in who], "prod reads online only"


def test_a_stranger_waits_for_its_other_side_and_nothing_fails(consumers: LocalPlatform) -> None:
    from causeway_airflow.operators.access import (
        AccessMatrixOperator,
        ObserveAccessOperator,
        ProbeAccessOperator,
    )
    from causeway_airflow.operators.sharing import PlanSharesOperator

    (plan,) = (
        plan
        for plan in PlanSharesOperator(task_id="plan", account_role="data").perform({})
        if plan["share"] == "causeway-features-credit-risk-read"
    )
    assert plan["actions"] == ["nothing"]
    assert plan["waiting"] == [f"{STRANGER} has not joined yet: it waits for the other side"]
    topology = load_topology()
    sights = [
        ObserveAccessOperator(task_id=f"see_{role}", account_role=role.value).perform({})
        for role in topology.roles
        if role is not AccountRole.GOVERNANCE
    ]
    probes = [
        ProbeAccessOperator(task_id=f"probe_{role}", account_role=role, sights=sights).perform({})
        for role in ("data_science", "test", "prod", "consumer")
    ]
    matrix = AccessMatrixOperator(task_id="matrix", sights=sights, probes=probes)
    result = matrix.perform(context())
    assert result["findings"]["denied"] == 0
    assert result["findings"]["prediction and probe disagree"] == 0
    bucket, key = result["report"].removeprefix("s3://").split("/", 1)
    stored = consumers.client("s3", "governance").get_object(Bucket=bucket, Key=key)["Body"].read()
    report = json.loads(stored)
    assert [(line["account"], line["joining"]) for line in report["outside"]] == [
        (STRANGER, "waits for the other side")
    ]
    rows = [row for row in report["rows"] if row["duty"] == "reader"]
    assert {row["account_role"] for row in rows} == {"consumer", "prod"}
    assert {row["call"] for row in rows if row["account_role"] == "prod"} == {
        "describe",
        "read a record",
    }
