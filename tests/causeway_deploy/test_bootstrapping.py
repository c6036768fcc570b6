"""Both stacks of every account, on a local AWS: who makes what, and what an update leaves alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from causeway.errors import ConfigError, DeploymentFailed
from causeway.sharing.consumer_policies import PREFIX, consumer_policies
from causeway.sharing.policies import PolicyHolder
from causeway.topology.access_rules import AccessRule, Grant, ResourceKind
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology, load_topology
from causeway.topology.stacks import guards_template
from causeway.use_cases.files import load_use_cases
from causeway_deploy.bootstrapping import bootstrap
from causeway_deploy.clients import administrators, refuse_local_on_aws
from causeway_deploy.diagnosing import Doctor
from localaws.server import Accounts, running
from stack import up
from stack.users import make_users
from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws

BUCKET = f"causeway-data-{ACCOUNTS['data']}-{REGION}"
CONSUMER = {
    "Sid": "CausewayConsumersTest",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNTS['prod']}:root"},
    "Action": "s3:GetObject",
    "Resource": f"arn:aws:s3:::{BUCKET}/offline-store/*",
}


class Deployed:
    """A local AWS whose accounts are set up, and the key of Airflow's user."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self.topology = load_topology()
        self.description = aws.server.describe()
        self.keys = make_users(self.description, self.topology)
        self.first = self.bootstrap()

    @property
    def sharing(self) -> Topology:
        """The topology with a consumer whom no guard names."""
        rule = AccessRule(
            resource=ResourceKind.FEATURE_GROUPS, grant=Grant.READ, to=("777777777777",)
        )
        return self.topology.model_copy(update={"access": (*self.topology.access, rule)})

    def bootstrap(self, topology: Topology | None = None, *roles: AccountRole) -> dict[str, str]:
        deployed = bootstrap(
            topology or self.topology,
            up.administrators(self.description),
            roles=roles,
        )
        return {item.stack: item.change for item in deployed}

    def doctor(self, patch: pytest.MonkeyPatch, topology: Topology | None = None) -> Doctor:
        patch.setenv("AWS_ENDPOINT_URL", self.description["endpoint"])
        own = self.keys["airflow"]
        sts = self.aws.cloud.client(
            "sts", self.aws.cloud.credentials.find(own["access_key_id"]), REGION
        )
        role = self.topology.role_arn(AccountRole.GOVERNANCE, "airflow")
        session = sts.assume_role(RoleArn=role, RoleSessionName="airflow")["Credentials"]
        return Doctor(
            topology or self.topology,
            boto3.Session(
                session["AccessKeyId"],
                session["SecretAccessKey"],
                session["SessionToken"],
                region_name=REGION,
            ),
        )


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployed]:
    with running(Accounts(REGION, dict(ACCOUNTS), ACCOUNTS["governance"])) as server:
        yield Deployed(Aws(server))


def test_both_stacks_are_made_once(deployed: Deployed) -> None:
    assert set(deployed.first.values()) == {"created"}
    assert len(deployed.first) == 9
    assert set(deployed.bootstrap().values()) == {"unchanged"}


def test_resources_belong_to_the_service_role(deployed: Deployed) -> None:
    stacks = deployed.aws.client("cloudformation", "governance")
    (guards,) = stacks.describe_stacks(StackName="causeway-governance-guards")["Stacks"]
    (resources,) = stacks.describe_stacks(StackName="causeway-governance")["Stacks"]
    assert "RoleARN" not in guards
    assert resources["RoleARN"].endswith("role/causeway-governance-stack-service")


def sids(aws: Aws) -> list[str]:
    policy = aws.client("s3", "data").get_bucket_policy(Bucket=BUCKET)["Policy"]
    return [statement["Sid"] for statement in json.loads(policy)["Statement"]]


@pytest.fixture
def declared(deployed: Deployed) -> Iterator[list[dict[str, Any]]]:
    """The statements of an outside consumer who is declared, the first of which is there.

    Beside it stands one that nobody declares any more.
    """
    topology = deployed.sharing
    policies = consumer_policies(AccountRole.DATA, load_use_cases(), topology, datetime.now(UTC))
    (of_bucket,) = [policy for policy in policies if policy.holder is PolicyHolder.BUCKET]
    s3 = deployed.aws.client("s3", "data")
    before = s3.get_bucket_policy(Bucket=BUCKET)["Policy"]
    document = json.loads(before)
    document["Statement"] += [of_bucket.statements[0], CONSUMER]
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(document))
    yield list(of_bucket.statements)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=before)
    deployed.bootstrap()


def test_declared_consumers_are_let_in_and_no_other(
    deployed: Deployed, declared: list[dict[str, Any]]
) -> None:
    own = [sid for sid in sids(deployed.aws) if not sid.startswith(PREFIX)]
    unchanged = {"causeway-data-guards": "unchanged"}
    assert deployed.bootstrap(deployed.sharing, AccountRole.DATA) == unchanged
    assert sids(deployed.aws) == [*own, *(statement["Sid"] for statement in declared)]


def test_an_update_of_the_guards_keeps_declared_consumers_and_no_other(
    deployed: Deployed, declared: list[dict[str, Any]]
) -> None:
    own = [sid for sid in sids(deployed.aws) if not sid.startswith(PREFIX)]
    moved = deployed.sharing.model_copy(
        update={"accounts": deployed.topology.accounts | {AccountRole.DATA_SCIENCE: "555555555555"}}
    )
    assert deployed.bootstrap(moved, AccountRole.DATA) == {"causeway-data-guards": "updated"}
    assert sids(deployed.aws) == [*own, *(statement["Sid"] for statement in declared)]


def test_a_failed_update_of_the_guards_keeps_declared_consumers(
    deployed: Deployed, declared: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(role: AccountRole, topology: Topology) -> str:
        text = guards_template(role, topology)
        text = text.replace("Action: s3:GetObject\n", "Action: [s3:GetObject]\n")
        text = text.replace("      - Sid: TlsOnly", "      - Sid: TlsAlone")
        return text.replace(
            "\n  Ingester:\n",
            "\n  Late:\n    Type: AWS::S3::Bucket\n    DependsOn: DataBucketPolicy\n"
            f"    Properties: {{BucketName: {BUCKET}}}\n"
            "\n  Ingester:\n",
        )

    monkeypatch.setattr("causeway_deploy.bootstrapping.guards_template", failing)
    with pytest.raises(DeploymentFailed, match="UPDATE_ROLLBACK_COMPLETE: Late"):
        deployed.bootstrap(deployed.sharing, AccountRole.DATA)
    assert {statement["Sid"] for statement in declared} <= set(sids(deployed.aws))


def test_access_that_is_closed_to_outside_consumers_is_taken_away(
    deployed: Deployed, declared: list[dict[str, Any]]
) -> None:
    closed = deployed.sharing.model_copy(update={"outside_consumers": False})
    assert any(sid.startswith(PREFIX) for sid in sids(deployed.aws))
    deployed.bootstrap(closed, AccountRole.DATA)
    assert not any(sid.startswith(PREFIX) for sid in sids(deployed.aws))


def test_a_policy_that_somebody_removed_is_no_obstacle(
    deployed: Deployed, declared: list[dict[str, Any]]
) -> None:
    deployed.aws.client("s3", "data").delete_bucket_policy(Bucket=BUCKET)
    assert deployed.bootstrap(None, AccountRole.DATA) == {"causeway-data-guards": "unchanged"}


def test_a_doctor_finds_nothing_missing(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = deployed.doctor(monkeypatch).examine()
    assert [str(finding) for finding in findings if finding.problem] == []
    assert len(findings) > 30


def test_a_doctor_names_what_is_missing_and_who_mends_it(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor = deployed.doctor(monkeypatch)
    iam = deployed.aws.client("iam", "governance")
    role = iam.get_role(RoleName="causeway-recorder")["Role"]["AssumeRolePolicyDocument"]
    stranger = {"Effect": "Allow", "Principal": {"AWS": "555555555555"}, "Action": "sts:AssumeRole"}
    closed = {"Version": "2012-10-17", "Statement": stranger}
    iam.update_assume_role_policy(RoleName="causeway-recorder", PolicyDocument=json.dumps(closed))
    try:
        missing = [str(finding) for finding in doctor.examine() if finding.problem]
    finally:
        iam.update_assume_role_policy(RoleName="causeway-recorder", PolicyDocument=json.dumps(role))
    (line,) = missing
    assert "causeway_governance_recorder" in line
    assert "causeway_deploy bootstrap (account of governance)" in line


def test_a_doctor_goes_on_where_a_call_is_denied(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor = deployed.doctor(monkeypatch)
    iam, keeper = deployed.aws.client("iam", "data"), "causeway-data-stack-keeper"
    deny = {"Effect": "Deny", "Action": "cloudformation:GetTemplate", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": deny})
    iam.put_role_policy(RoleName=keeper, PolicyName="deny", PolicyDocument=document)
    try:
        findings = doctor.examine()
    finally:
        iam.delete_role_policy(RoleName=keeper, PolicyName="deny")
    (missing,) = [finding for finding in findings if finding.problem]
    assert missing.what == "stack causeway-data-guards of data"
    assert "GetTemplate" in str(missing.problem)


def test_a_doctor_takes_only_a_denial_for_a_denial(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = {
        name: person.model_copy(update={"source_identity": "not a source identity"})
        for name, person in deployed.topology.people.items()
    }
    doctor = deployed.doctor(monkeypatch, deployed.topology.model_copy(update={"people": people}))
    (finding,) = [item for item in doctor.examine() if item.what.startswith("nobody is a person")]
    assert "could not be tried" in str(finding.problem)


def test_a_doctor_says_when_it_is_not_airflow(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", deployed.description["endpoint"])
    keys = deployed.description["accounts"]["governance"]
    session = boto3.Session(keys["access_key_id"], keys["secret_access_key"], region_name=REGION)
    (finding,) = Doctor(deployed.topology, session).examine()
    assert finding.problem == "this is arn:aws:iam::444444444444:root"


def test_a_profile_of_another_account_is_refused(
    deployed: Deployed, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = deployed.description["accounts"]["data"]
    (tmp_path / "credentials").write_text(
        f"[mine]\naws_access_key_id = {keys['access_key_id']}\n"
        f"aws_secret_access_key = {keys['secret_access_key']}\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", deployed.description["endpoint"])
    clients = administrators(deployed.topology, "mine")
    assert clients(AccountRole.DATA, "s3") is not None
    with pytest.raises(ConfigError, match="profile mine is in account 111111111111; prod is 666"):
        clients(AccountRole.PROD, "s3")
    with pytest.raises(ConfigError, match="profile none cannot sign in"):
        administrators(deployed.topology, "none")(AccountRole.DATA, "s3")


def test_the_local_topology_never_reaches_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with pytest.raises(ConfigError, match="names no local AWS"):
        refuse_local_on_aws(load_topology())
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://sts.eu-central-1.amazonaws.com")
    with pytest.raises(ConfigError, match="names no local AWS"):
        refuse_local_on_aws(load_topology())
