"""Access proven on the local AWS: all works, and each side that is broken is named by both."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from causeway.access.checks import Probe
from causeway.access.matrix import Finding, Row, matrix
from causeway.access.prediction import Predictor
from causeway.access.verdicts import Answer, Side, Verdict
from causeway.errors import SharingError
from causeway.topology.account_roles import AccountRole
from causeway.topology.names import FEATURE_DATABASE
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import keep_clients
from tests.plugins.shared_platform import converge_shares

OWNERS = ("data", "shared_services")
CONSUMERS = ("data_science", "test", "prod")
DATA_BUCKET = "causeway-data-111111111111-eu-central-1"


@pytest.fixture(scope="module", autouse=True)
def kept_clients() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        keep_clients(patch)
        yield


def look(
    consumers: tuple[str, ...] = CONSUMERS, region: str | None = None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """See and probe as a run does; `region` is where the consumers act."""
    from causeway_airflow.operators.access import ObserveAccessOperator, ProbeAccessOperator

    sights = [
        ObserveAccessOperator(
            task_id=f"see_{role}",
            account_role=role,
            region_name=region if role in consumers else None,
        ).perform({})
        for role in (*OWNERS, *consumers)
    ]
    probes = [
        ProbeAccessOperator(
            task_id=f"probe_{role}", account_role=role, sights=sights, region_name=region
        ).perform({})
        for role in consumers
    ]
    return sights, probes


def rows(consumer: str = "data_science", region: str | None = None) -> tuple[Row, ...]:
    """The matrix of one consumer."""
    from causeway_airflow.configuration import topology
    from causeway_airflow.tasks.declared_access import declared_checks
    from causeway_airflow.tasks.preflight import sights_of

    sights, probes = look((consumer,), region)
    probed = {k: Verdict.of_json(v) for of_account in probes for k, v in of_account.items()}
    return matrix(
        declared_checks(AccountRole(consumer)), Predictor(sights_of(sights), topology()), probed
    )


@pytest.fixture(scope="module", autouse=True)
def no_cards(shared: LocalPlatform) -> None:
    """No card is there, nor the share of one, whatever other files have registered."""
    forget_cards(shared)


def forget_cards(platform: LocalPlatform) -> None:
    owner, ram = (platform.client(service, "shared_services") for service in ("sagemaker", "ram"))
    for share in ram.get_resource_shares(resourceOwner="SELF")["resourceShares"]:
        if share["name"].startswith("causeway-cards-") and share["status"] == "ACTIVE":
            ram.delete_resource_share(resourceShareArn=share["resourceShareArn"])
    for card in owner.list_model_cards()["ModelCardSummaries"]:
        owner.delete_model_card(ModelCardName=card["ModelCardName"])


@pytest.fixture(scope="module")
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


def break_lake(platform: LocalPlatform) -> Callable[[], Any]:
    lake = platform.client("lakeformation", "data")
    grant = on_tables("IAM_ALLOWED_PRINCIPALS", "ALL", the_table(platform))
    lake.revoke_permissions(**grant)
    return lambda: lake.grant_permissions(**grant)


def the_table(platform: LocalPlatform) -> str:
    tables = platform.client("glue", "data").get_tables(DatabaseName=FEATURE_DATABASE)
    return str(next(t["Name"] for t in tables["TableList"] if "credit_risk_loan" in t["Name"]))


def on_tables(principal: str, permission: str, table: str) -> dict[str, Any]:
    return {
        "Principal": {"DataLakePrincipalIdentifier": principal},
        "Resource": {"Table": {"DatabaseName": FEATURE_DATABASE, "Name": table}},
        "Permissions": [permission],
    }


def break_boundary(platform: LocalPlatform) -> Callable[[], Any]:
    iam = platform.client("iam", "data_science")
    statement = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "sagemaker:GetRecord", "Resource": "*"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    boundary = iam.create_policy(PolicyName="bounds", PolicyDocument=document)["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="causeway-trainer", PermissionsBoundary=boundary)

    def mend() -> None:
        iam.delete_role_permissions_boundary(RoleName="causeway-trainer")
        iam.delete_policy(PolicyArn=boundary)

    return mend


def break_group_policy(platform: LocalPlatform) -> Callable[[], Any]:
    sagemaker = platform.client("sagemaker", "shared_services")
    arn = sagemaker.describe_model_package_group(ModelPackageGroupName="credit-risk")
    statement = {
        "Sid": "AdministratorsSayNo",
        "Effect": "Deny",
        "Principal": {"AWS": f"arn:aws:iam::{platform.accounts['data_science']['id']}:root"},
        "Action": "sagemaker:DescribeModelPackageGroup",
        "Resource": arn["ModelPackageGroupArn"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sagemaker.put_model_package_group_policy(
        ModelPackageGroupName="credit-risk", ResourcePolicy=policy
    )
    return lambda: sagemaker.delete_model_package_group_policy(ModelPackageGroupName="credit-risk")


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
        for invitation in there.get_resource_share_invitations(resourceShareArns=[share])[
            "resourceShareInvitations"
        ]:
            if invitation["status"] == "PENDING":
                there.accept_resource_share_invitation(
                    resourceShareInvitationArn=invitation["resourceShareInvitationArn"]
                )

    return mend


def break_share(platform: LocalPlatform) -> Callable[[], Any]:
    ram = platform.client("ram", "data")
    share = share_of_features(ram)
    resources = ram.get_resource_share_associations(
        associationType="RESOURCE", resourceShareArns=[share]
    )["resourceShareAssociations"]
    arns = [r["associatedEntity"] for r in resources if r["status"] == "ASSOCIATED"]
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
        (break_lake, Side.LAKE),
        (break_boundary, Side.BOUNDARY),
        (break_group_policy, Side.GROUP),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_side_broken_behind_the_plan_is_named_by_prediction_and_probe(
    objects: LocalPlatform, broken: Callable[[LocalPlatform], Callable[[], Any]], side: Side
) -> None:
    mend = broken(objects)
    try:
        matrix_rows = rows()
    finally:
        mend()
    both = [
        row
        for row in matrix_rows
        if row.predicted.answer is Answer.NO and row.probed.answer is Answer.NO
    ]
    assert any(side in row.predicted.sides and side in row.probed.sides for row in both), [
        (row.check.probe, str(row.predicted), str(row.probed)) for row in matrix_rows
    ]


def test_a_consumer_in_another_region_is_told_so_by_both(objects: LocalPlatform) -> None:
    matrix_rows = rows("test", region="eu-west-1")
    assert {side for row in matrix_rows for side in row.predicted.sides} == {Side.REGION}
    of_registry = [row for row in matrix_rows if row.check.probe is Probe.DESCRIBE_GROUP]
    assert {row.probed.sides for row in of_registry} == {(Side.REGION,)}, of_registry


def test_a_grant_of_lake_formation_opens_what_it_governs(objects: LocalPlatform) -> None:
    """The auditor sees it as a read-only administrator of the lake, as AWS wants it."""
    lake, mend = objects.client("lakeformation", "data"), break_lake(objects)
    numbers = {role: keys["id"] for role, keys in objects.accounts.items()}
    trainer = f"arn:aws:iam::{numbers['data_science']}:role/causeway-trainer"
    auditor = f"arn:aws:iam::{numbers['data']}:role/causeway-data-auditor"
    grant = on_tables(trainer, "SELECT", the_table(objects))
    settings = lake.get_data_lake_settings()["DataLakeSettings"]
    try:
        lake.grant_permissions(**grant)
        reads = [{"DataLakePrincipalIdentifier": auditor}]
        lake.put_data_lake_settings(DataLakeSettings={**settings, "ReadOnlyAdmins": reads})
        looked = [row for row in rows() if row.check.probe is Probe.LOOK_UP_TABLE]
    finally:
        lake.put_data_lake_settings(DataLakeSettings=settings)
        lake.revoke_permissions(**grant)
        mend()
    assert {row.finding for row in looked} == {Finding.WORKS}, looked


@pytest.fixture
def card(objects: LocalPlatform) -> Iterator[str]:
    """A draft of a model's card, shared as far as drafts are."""
    from causeway_airflow.operators.sharing import AcceptInvitationsOperator

    owner = objects.client("sagemaker", "shared_services")
    created = owner.create_model_card(
        ModelCardName="credit-risk", Content="{}", ModelCardStatus="Draft"
    )
    converge_shares("shared_services")
    AcceptInvitationsOperator(
        task_id="accept",
        account_role="data_science",
        shares=["causeway-cards-credit-risk-development"],
    ).perform({})
    yield created["ModelCardArn"]
    forget_cards(objects)


def test_a_shared_card_is_described_and_one_that_is_held_back_is_no_fault(
    objects: LocalPlatform, card: str
) -> None:
    def of_card(role: str) -> dict[Probe, Row]:
        return {row.check.probe: row for row in rows(role) if row.check.resource == card}

    written = of_card("data_science")
    assert written[Probe.DESCRIBE_CARD].finding is Finding.WORKS, written
    for row in of_card("prod").values():
        assert (row.finding, row.probed.answer) == (Finding.UNTESTED, Answer.NO)
        assert "held back until the card is Approved" in row.predicted.reason


def test_missing_probes_fail_the_run_and_name_the_account(objects: LocalPlatform) -> None:
    from causeway_airflow.operators.access import AccessMatrixOperator

    sights, probes = look()
    task = AccessMatrixOperator(task_id="matrix", sights=sights, probes=[*probes[:2], None])
    context: Any = {"dag_run": SimpleNamespace(run_id="manual__2")}
    with pytest.raises(SharingError, match="the probes of prod did not run"):
        task.perform(context)
