"""Access proven on the local AWS: all works, and each side that is broken is named by both."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from causeway.errors import SharingError
from causeway.preflight.matrix import Row, matrix
from causeway.preflight.prediction import Predictor
from causeway.preflight.verdicts import Answer, Side, Verdict
from tests.local_platform import LocalPlatform

OWNERS = ("data", "shared_services")
CONSUMERS = ("data_science", "test", "prod")
DATA_BUCKET = "causeway-data-111111111111-eu-central-1"


def look() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    from causeway_airflow.operators.access import ObserveAccessOperator, ProbeAccessOperator

    sights = [
        ObserveAccessOperator(task_id=f"see_{role}", account_role=role).perform({})
        for role in (*OWNERS, *CONSUMERS)
    ]
    probes = [
        ProbeAccessOperator(task_id=f"probe_{role}", account_role=role, sights=sights).perform({})
        for role in CONSUMERS
    ]
    return sights, probes


def rows() -> tuple[Row, ...]:
    from causeway_airflow.configuration import topology
    from causeway_airflow.operators.access import declared_checks, sights_of

    sights, probes = look()
    probed = {k: Verdict.of_json(v) for one in probes for k, v in one.items()}
    return matrix(declared_checks(), Predictor(sights_of(sights), topology()), probed)


@pytest.fixture
def objects(shared: LocalPlatform) -> LocalPlatform:
    """The shared platform with something in the offline store."""
    shared.client("s3", "data").put_object(
        Bucket=DATA_BUCKET, Key="offline-store/credit_risk/x.parquet", Body=b"x"
    )
    from causeway_airflow.operators.policies import ConvergePoliciesOperator

    ConvergePoliciesOperator(task_id="policies", account_role="data", duty="data-sharer").perform(
        {}
    )
    return shared


def without(document: str, sid: str) -> str:
    policy = json.loads(document)
    policy["Statement"] = [s for s in policy["Statement"] if s.get("Sid") != sid]
    return json.dumps(policy)


def break_bucket(platform: LocalPlatform) -> Callable[[], Any]:
    s3 = platform.client("s3", "data")
    before = s3.get_bucket_policy(Bucket=DATA_BUCKET)["Policy"]
    s3.put_bucket_policy(Bucket=DATA_BUCKET, Policy=without(before, "ConsumersReadOfflineStore"))
    return lambda: s3.put_bucket_policy(Bucket=DATA_BUCKET, Policy=before)


def break_key(platform: LocalPlatform) -> Callable[[], Any]:
    kms = platform.client("kms", "data")
    key = kms.describe_key(KeyId="alias/causeway-data")["KeyMetadata"]["KeyId"]
    before = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    after = without(before, "ConsumersReadOfflineStore")
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=after)
    return lambda: kms.put_key_policy(KeyId=key, PolicyName="default", Policy=before)


def break_identity(platform: LocalPlatform) -> Callable[[], Any]:
    iam = platform.client("iam", "data_science")
    statement = {"Effect": "Deny", "Action": "sagemaker:DescribeFeatureGroup", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_role_policy(
        RoleName="causeway-trainer", PolicyName="mishap", PolicyDocument=json.dumps(policy)
    )
    return lambda: iam.delete_role_policy(RoleName="causeway-trainer", PolicyName="mishap")


def break_catalogue(platform: LocalPlatform) -> Callable[[], Any]:
    glue = platform.client("glue", "data")
    before = glue.get_resource_policy()["PolicyInJson"]
    glue.delete_resource_policy()
    return lambda: glue.put_resource_policy(PolicyInJson=before)


def share_of_features(ram: Any) -> str:
    return next(
        str(s["resourceShareArn"])
        for s in ram.get_resource_shares(resourceOwner="SELF")["resourceShares"]
        if s["name"].startswith("causeway-features-credit-risk") and s["status"] == "ACTIVE"
    )


def break_permission(platform: LocalPlatform) -> Callable[[], Any]:
    ram = platform.client("ram", "data")
    share = share_of_features(ram)
    (before,) = ram.list_resource_share_permissions(resourceShareArn=share)["permissions"]
    template = {"Effect": "Allow", "Action": ["sagemaker:DescribeFeatureGroup"]}
    less = ram.create_permission(
        name="less",
        resourceType="sagemaker:FeatureGroup",
        policyTemplate=json.dumps(template),
    )["permission"]["arn"]

    def use(permission: str) -> None:
        ram.associate_resource_share_permission(
            resourceShareArn=share, permissionArn=permission, replace=True
        )

    def mend() -> None:
        use(before["arn"])
        ram.delete_permission(permissionArn=less)

    use(less)
    return mend


def break_invitation(platform: LocalPlatform) -> Callable[[], Any]:
    ram = platform.client("ram", "data")
    share, consumer = share_of_features(ram), platform.accounts["data_science"]["id"]
    ram.disassociate_resource_share(resourceShareArn=share, principals=[consumer])
    ram.associate_resource_share(resourceShareArn=share, principals=[consumer])

    def mend() -> None:
        there = platform.client("ram", "data_science")
        for found in there.get_resource_share_invitations(resourceShareArns=[share])[
            "resourceShareInvitations"
        ]:
            if found["status"] == "PENDING":
                there.accept_resource_share_invitation(
                    resourceShareInvitationArn=found["resourceShareInvitationArn"]
                )

    return mend


def break_share(platform: LocalPlatform) -> Callable[[], Any]:
    ram = platform.client("ram", "data")
    share = share_of_features(ram)
    held = ram.get_resource_share_associations(
        associationType="RESOURCE", resourceShareArns=[share]
    )["resourceShareAssociations"]
    arns = [one["associatedEntity"] for one in held if one["status"] == "ASSOCIATED"]
    ram.disassociate_resource_share(resourceShareArn=share, resourceArns=arns)
    return lambda: ram.associate_resource_share(resourceShareArn=share, resourceArns=arns)


def test_what_is_declared_works_and_the_report_is_stored(objects: LocalPlatform) -> None:
    from causeway_airflow.operators.access import AccessMatrixOperator

    sights, probes = look()
    task = AccessMatrixOperator(task_id="matrix", sights=sights, probes=probes)
    context: Any = {"dag_run": SimpleNamespace(run_id="manual__1")}
    done = task.perform(context)
    assert done["findings"]["works"] > 0 and done["findings"]["denied"] == 0
    bucket, _, key = done["report"].removeprefix("s3://").partition("/")
    stored = objects.client("s3", "governance").get_object(Bucket=bucket, Key=key)
    assert json.load(stored["Body"])["summary"] == done["findings"]


@pytest.mark.parametrize(
    ("broken", "side"),
    [
        (break_bucket, Side.BUCKET),
        (break_key, Side.KEY),
        (break_identity, Side.IDENTITY),
        (break_share, Side.SHARE),
        (break_permission, Side.PERMISSION),
        (break_invitation, Side.INVITATION),
        (break_catalogue, Side.CATALOGUE),
    ],
    ids=["bucket", "key", "identity", "share", "permission", "invitation", "catalogue"],
)
def test_a_side_broken_behind_the_plan_is_named_by_prediction_and_probe(
    objects: LocalPlatform, broken: Callable[[LocalPlatform], Callable[[], Any]], side: Side
) -> None:
    mend = broken(objects)
    try:
        found = rows()
    finally:
        mend()
    both = [
        row for row in found if row.predicted.answer is Answer.NO and row.probed.answer is Answer.NO
    ]
    assert any(side in row.predicted.sides and side in row.probed.sides for row in both), [
        (row.check.probe, str(row.predicted), str(row.probed)) for row in found
    ]


def test_missing_probes_fail_the_run_and_name_the_account(objects: LocalPlatform) -> None:
    from causeway_airflow.operators.access import AccessMatrixOperator

    sights, probes = look()
    task = AccessMatrixOperator(task_id="matrix", sights=sights, probes=[*probes[:2], None])
    context: Any = {"dag_run": SimpleNamespace(run_id="manual__2")}
    with pytest.raises(SharingError, match="the probes of prod did not run"):
        task.perform(context)
