"""The lifecycle that the roles are measured by: the chain of DAGs, twice where that differs, and
the ways out of it that the runbooks name (a refused approval, drifted shares, a failed job, a
failed endpoint that is replaced).

What must fail is made to fail by a policy of the account's administrators, as it would be on AWS.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3

from causeway.features import CONTRACT_TAGS
from tests.dags.conftest import Runner, Runners
from tests.dags.test_chain import (
    GROUP_ARN,
    V1,
    V2,
    approve_for_production,
    approve_for_test,
    status,
    sync,
    until,
)
from tests.local_platform import REGION, LocalPlatform

APPROVER = "causeway-approver"
# The watcher's trigger runs in a triggerer, which `dag.test()` has none of.
TAKE_EVENTS = """
from causeway.accounts import REGISTRY_QUEUE, AccountRole, connection_id
from causeway_airflow.hooks.queue import QueueHook

hook = QueueHook(connection_id(AccountRole.GOVERNANCE, "event-reader"), "eu-central-1")
messages = hook.receive(REGISTRY_QUEUE, wait_seconds=5)
assert messages
hook.delete(REGISTRY_QUEUE, messages)
"""
# Tasks are killed by people, which `dag.test()` has none of; their jobs have ended by then.
KILL_TASKS = """
from causeway.accounts import AccountRole, connection_id
from causeway_airflow.hooks.jobs import JobsHook

for role, duty, kinds in (
    (AccountRole.DATA, "ingester", ("processing",)),
    (AccountRole.DATA_SCIENCE, "trainer", ("processing", "training")),
):
    hook = JobsHook(connection_id(role, duty), "eu-central-1")
    for kind in kinds:
        hook.stop(kind, "killed")
"""
# A wait is killed in the triggerer: while the pipeline's role runs a job of each kind.
STOP_PIPELINES = """
import asyncio
import sys

from airflow.sdk.exceptions import TaskDeferred

from causeway_airflow.operators.pipelines import RunPipelineOperator

for seed, step in ((3, "Preprocess"), (4, "Train")):
    about = {"use_case": "california_housing", "model": "california_housing"}
    operator = RunPipelineOperator(task_id="p", dataset=sys.argv[1], seed=seed, **about)
    try:
        operator.perform({})
    except TaskDeferred as deferred:
        trigger = deferred.trigger
    while trigger._seen.get(step) != "Executing":
        assert trigger.ask() == "waiting"
    asyncio.run(trigger.on_kill())
    while trigger.ask() == "waiting":
        pass
    assert trigger._seen[step] == "Stopped", trigger._seen
"""
# What an ingestion does first when a contract has grown by a feature.
GROW = """
from causeway.accounts import AccountRole, connection_id
from causeway.config import use_case
from causeway.features import create_request
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.feature_store import FeatureGroupsHook

case, places = use_case("credit_risk"), topology()
group = next(one for one in case.feature_groups if one.name == "credit-risk-outcome")
key = places.key_alias_arn(AccountRole.DATA)
request = create_request(group, case, places, kms_key_id=key)
request["FeatureDefinitions"].append({"FeatureName": "note", "FeatureType": "String"})
hook = FeatureGroupsHook(connection_id(AccountRole.DATA, "ingester"), "eu-central-1")
assert hook.ensure(request)[:2] == (False, True)
"""
# What an ingestion does in a region that has no BatchWriteRecord.
PUT_SINGLY = """
import json

from causeway.accounts import AccountRole, connection_id
from causeway.ingestion.bodies import Body
from causeway_airflow.hooks.feature_records import FeatureRecordsHook

values = {"record_id": "single", "event_time": "2019-11-24T00:00:00Z", "credit_risk": "1"}
record = [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]
entry = {"FeatureGroupName": "credit-risk-outcome", "Record": record}
hook = FeatureRecordsHook(connection_id(AccountRole.DATA, "ingester"), "eu-central-1")
(outcome,) = hook.write([Body((1,), json.dumps({"Entries": [entry]}).encode())])
assert outcome.written == 1, outcome
"""
# Every consumer leaves a share of each owner; the next run of the sharing has them back.
LEAVE = """
from causeway.accounts import AccountRole
from causeway_airflow.configuration import topology
from causeway_airflow.operators.shares import LeaveShareOperator

for role, share, owner in (
    ("data_science", "causeway-features-credit-risk-read", AccountRole.DATA),
    ("data_science", "causeway-models-credit-risk-register", AccountRole.SHARED_SERVICES),
    ("test", "causeway-models-credit-risk-deploy", AccountRole.SHARED_SERVICES),
    ("prod", "causeway-models-credit-risk-deploy", AccountRole.SHARED_SERVICES),
):
    account = str(topology().account(owner))
    leave = LeaveShareOperator(task_id="leave", account_role=role, share=share, owner=account)
    assert leave.perform({}), share
"""
# What a run does for a use case that shares its group by policy; the next run takes it back.
BY_POLICY = """
import json
import os
import pathlib
import sys

from causeway.config import USE_CASES_DIR

folder = pathlib.Path(sys.argv[1])
folder.mkdir()
by_policy = {"resource": "model_groups", "grant": "deploy", "to": ["prod"], "route": "policy"}
for path in USE_CASES_DIR.glob("*.yaml"):
    (folder / path.name).write_text(path.read_text() + f"\\naccess: {json.dumps([by_policy])}\\n")
os.environ["CAUSEWAY_USE_CASES"] = str(folder)

from causeway_airflow.operators.sharing import ConvergeShareOperator

about = {"account_role": "shared_services", "share": "policy of credit-risk"}
did = ConvergeShareOperator(task_id="policy", **about).perform({})
assert [word.split(":")[0] for word in did][-3:] == ["write policy", "promote", "promote"], did
"""
# What a task does that looks up some records of another account.
ENRICH = """
from causeway.accounts import AccountRole
from causeway.arns import FeatureGroupArn
from causeway_airflow.configuration import topology
from causeway_airflow.operators.enrichment import EnrichRecordsOperator

group = str(FeatureGroupArn.of(topology(), AccountRole.DATA, "credit-risk-applicant"))
found = EnrichRecordsOperator(
    task_id="e", feature_group=group, records=["sgc-000002", "none"], features=["age"]
).perform({})
assert (len(found["records"]), found["missing"]) == (1, ["none"]), found
"""
STRANGER = "999999999999"


@dataclass
class Lifecycle:
    """A lifecycle on a platform; `run` takes it from nothing to a model in production."""

    platform: LocalPlatform
    runners: Runners

    def run(self) -> None:
        """Run all of it, in order."""
        airflow = self.runners.add()
        self.accounts_and_shares(airflow)
        self.features(airflow)
        self.training(airflow)
        self.pipeline(airflow)
        self.promotion(airflow)
        airflow.succeed("credit_risk__training", {"seed": 1})  # now beside production
        # With features, versions and artifacts there, every probe has something to ask about.
        with self.bounded():
            airflow.succeed("platform__preflight")
        self.events()
        self.share_beside_the_declaration()
        airflow.succeed("platform__access_review")
        self.kills()
        self.features_grow()
        self.records_go_singly()
        self.python(ENRICH)
        self.record_is_erased(airflow)

    def accounts_and_shares(self, airflow: Runner) -> None:
        for _ in range(2):
            airflow.succeed("platform__accounts")
        # A card is shared with test and production when it is handed over to them.
        owner = self.platform.client("sagemaker", "shared_services")
        for card in owner.list_model_cards()["ModelCardSummaries"]:
            owner.update_model_card(ModelCardName=card["ModelCardName"], ModelCardStatus="Approved")
        airflow.succeed("platform__sharing")
        for owner in ("data", "shared_services"):
            self.drift(owner)
            self.leave_statements(owner)
        self.leave_tags()
        results = airflow.succeed("platform__sharing")["results"]
        assert all(results["converge_share"]), results
        assert [len(names) for names in results["converge_policies"]] == [2, 2], results
        self.python(LEAVE)
        self.python(BY_POLICY, str(self.platform.folder / "by-policy"))
        changed = airflow.succeed("platform__sharing")["results"]
        assert ["delete policy"] in [
            [word.split(":")[0] for word in did] for did in changed["converge_share"]
        ], changed
        airflow.succeed("platform__catalogue", {"text": "age"})

    def features(self, airflow: Runner) -> None:
        for stores in ("both", "both", "offline"):
            airflow.succeed("credit_risk__features", {"stores": stores})
        with self.denied("data", "causeway-feature-execution", "s3:PutObject"):
            found = airflow.run("credit_risk__features", {"rows": 50, "sample_seed": 1})
        assert found["tasks"]["engineer"] == ["failed"], found

    def training(self, airflow: Runner) -> None:
        for _ in range(2):
            airflow.succeed("credit_risk__training")
        role = "causeway-training-execution"
        with self.denied("data_science", role, "s3:PutObject"):
            found = airflow.run("credit_risk__training", {"seed": 2})
        assert "failed" in found["tasks"]["train"], found
        with self.denied("data_science", "causeway-registrar", "sagemaker:CreateModelPackage"):
            found = airflow.run("credit_risk__training", {"seed": 1})
        assert "failed" in {state for states in found["tasks"].values() for state in states}, found
        airflow.succeed("credit_risk__training", {"seed": 1})

    def pipeline(self, airflow: Runner) -> None:
        """Train by the other route: made, set right, adopted, killed; registered like the rest."""
        airflow.succeed("california_housing__features", {"rows": 400})
        first = airflow.succeed("california_housing__training")["results"]
        self.platform.client("sagemaker", "data_science").update_pipeline(
            PipelineName="california-housing",
            PipelineDefinition=json.dumps(
                {
                    "Version": "2020-12-01",
                    "Steps": [{"Name": "F", "Type": "Fail", "Arguments": {"ErrorMessage": "x"}}],
                }
            ),
        )
        again = airflow.succeed("california_housing__training")["results"]
        assert again["register"]["version_arn"] == first["register"]["version_arn"]
        assert again["register"]["created"] is False
        self.python(STOP_PIPELINES, first["dataset"]["uri"])

    def promotion(self, airflow: Runner) -> None:
        first, second = self.runners.add(), self.runners.add()
        for _ in range(2):
            sync(airflow)
        approve_for_test(self.platform, "ml-engineer", V1)
        sync(airflow)
        assert status(self.platform, V1, "development") == "quarantined"

        self.look_before_deciding("model-owner", V1)
        approve_for_test(self.platform, "model-owner", V1)
        sync(airflow)
        about = {"version_arn": V1, "attempt": 1}
        with self.denied("test", "causeway-serving-execution", "s3:GetObject"):
            failed = first.run("credit_risk__promotion", about)
        assert failed["tasks"]["deploy_to_test"] == ["failed"], failed
        first.start("credit_risk__promotion", about)
        until(lambda: status(self.platform, V1, "test") == "pending", "the test record")

        second.start("credit_risk__promotion", {"version_arn": V2, "attempt": 1})
        approve_for_test(self.platform, "model-owner", V2)
        sync(airflow)
        until(lambda: status(self.platform, V2, "test") == "pending", "the test record")
        approve_for_production(self.platform, "governance-officer", V2)
        sync(airflow)
        done = second.result()
        assert done["state"] == "success", second.log.read_text()[-6000:]
        assert status(self.platform, V2, "production") == "deployed"

    def events(self) -> None:
        """Take the registry's events from the queue, as the triggerer's watcher does."""
        self.python(TAKE_EVENTS)

    def kills(self) -> None:
        """Have tasks killed that wait for a job."""
        self.python(KILL_TASKS)

    def python(self, script: str, *arguments: str) -> None:
        """Run a script as the Airflow processes run."""
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            env=self.platform.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    def features_grow(self) -> None:
        """Have a contract grow by a feature: the store keeps the group's table in step."""
        self.python(GROW)

    def records_go_singly(self) -> None:
        """Write a record where batches are not to be had."""
        with self.denied("data", "causeway-ingester", "sagemaker:BatchWriteRecord"):
            self.python(PUT_SINGLY)

    def record_is_erased(self, airflow: Runner) -> None:
        """Erase a record that datasets and versions were built with."""
        asked = {"record": "sgc-000001", "use_case": "credit_risk", "reason": "asked by letter"}
        found = airflow.succeed("platform__erasure", asked)["results"]
        assert all(one["changed"] for one in found["erase"]), found
        assert found["report"]["model versions built with it"] >= 2, found

    # ------------------------------------------------------------ people and mishaps
    def look_before_deciding(self, name: str, version: str) -> None:
        """Read what a person reads before a decision: versions, the version, its gate report."""
        keys = self.platform.client("sts", "shared_services").assume_role(
            RoleArn=f"arn:aws:iam::{self.platform.accounts['shared_services']['id']}:role/{APPROVER}",
            RoleSessionName="look",
            SourceIdentity=name,
        )["Credentials"]
        person = boto3.Session(
            keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION
        )
        registry = person.client("sagemaker", endpoint_url=self.platform.endpoint)
        assert registry.list_model_packages(ModelPackageGroupName=GROUP_ARN)
        described = registry.describe_model_package(ModelPackageName=version)
        s3 = person.client("s3", endpoint_url=self.platform.endpoint)

        def read(uri: str) -> bytes:
            bucket, _, key = uri.removeprefix("s3://").partition("/")
            content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            return content

        assert json.loads(read(described["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]))
        comparison = read(described["CustomerMetadataProperties"]["comparison"]).decode()
        assert "candidate" in comparison

    def drift(self, owner: str) -> None:
        """Have an administrator change a share: a consumer less, a stranger more, other rights."""
        ram = self.platform.client("ram", owner)
        every = ram.list_permissions(maxResults=100)["permissions"]
        for share in ram.get_resource_shares(resourceOwner="SELF")["resourceShares"]:
            arn = share["resourceShareArn"]
            members = ram.get_resource_share_associations(
                associationType="PRINCIPAL", resourceShareArns=[arn]
            )["resourceShareAssociations"]
            one = members[0]["associatedEntity"]
            ram.disassociate_resource_share(resourceShareArn=arn, principals=[one])
            ram.associate_resource_share(resourceShareArn=arn, principals=[STRANGER])
            (held,) = ram.list_resource_share_permissions(resourceShareArn=arn)["permissions"]
            other = next(
                (
                    permission["arn"]
                    for permission in every
                    if permission["resourceType"] == held["resourceType"]
                    and permission["arn"] != held["arn"]
                ),
                None,  # a catalog has its search permission only
            )
            if other:
                ram.associate_resource_share_permission(
                    resourceShareArn=arn, permissionArn=other, replace=True
                )
            ram.update_resource_share(resourceShareArn=arn, allowExternalPrincipals=False)
        ram.create_resource_share(name="causeway-retired", principals=[STRANGER])
        for permission in every:
            # To five versions, which is all that RAM keeps, with other actions than defined.
            for _ in range(4 if permission["permissionType"] == "CUSTOMER_MANAGED" else 0):
                ram.create_permission_version(
                    permissionArn=permission["arn"],
                    policyTemplate=json.dumps(
                        {"Effect": "Allow", "Action": ["sagemaker:DescribeModelCard"]}
                    ),
                )

    def share_beside_the_declaration(self) -> None:
        """Have an administrator share a group by a permission of the account's own."""
        client = self.platform.client("sagemaker", "data")
        group = client.describe_feature_group(FeatureGroupName="credit-risk-loan")
        ram = self.platform.client("ram", "data")
        own = ram.create_permission(
            name="look",
            resourceType="sagemaker:FeatureGroup",
            policyTemplate=json.dumps(
                {"Effect": "Allow", "Action": ["sagemaker:DescribeFeatureGroup"]}
            ),
        )["permission"]["arn"]
        ram.create_resource_share(
            name="by-hand",
            principals=[STRANGER],
            resourceArns=[group["FeatureGroupArn"]],
            permissionArns=[own],
        )

    def leave_statements(self, owner: str) -> None:
        """Leave a consumer that nobody declares any more in a bucket's and a key's policy."""
        number = self.platform.accounts[owner]["id"]
        statement = {
            "Sid": "CausewayConsumersGone",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{number}:root"},
        }
        name = f"causeway-{owner.replace('_', '-')}"
        s3, bucket = self.platform.client("s3", owner), f"{name}-{number}-{REGION}"
        policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
        objects = {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
        policy["Statement"].append({**statement, **objects})
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        kms = self.platform.client("kms", owner)
        key = kms.describe_key(KeyId=f"alias/{name}")["KeyMetadata"]["KeyId"]
        policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
        policy["Statement"].append({**statement, "Action": "kms:Decrypt", "Resource": "*"})
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))

    def leave_tags(self) -> None:
        """Leave a tag of an earlier contract on a feature group."""
        sagemaker = self.platform.client("sagemaker", "data")
        group = sagemaker.describe_feature_group(FeatureGroupName="credit-risk-loan")
        tags = {CONTRACT_TAGS: "left", "left": "over"}
        sagemaker.add_tags(
            ResourceArn=group["FeatureGroupArn"],
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )

    @contextlib.contextmanager
    def bounded(self) -> Iterator[None]:
        """Bound a duty of each consumer, as administrators may, while the context lasts."""
        allowing = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowing]})
        with contextlib.ExitStack() as stack:
            for account, role in (
                ("data_science", "causeway-trainer"),
                ("test", "causeway-deployer"),
                ("prod", "causeway-deployer"),
            ):
                iam = self.platform.client("iam", account)
                policy = iam.create_policy(PolicyName="bounds", PolicyDocument=document)["Policy"]
                iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=policy["Arn"])
                stack.callback(iam.delete_role_permissions_boundary, RoleName=role)
            yield

    @contextlib.contextmanager
    def denied(self, account: str, role: str, action: str) -> Iterator[None]:
        """Take an action from a role, as an administrator, while the context lasts."""
        iam = self.platform.client("iam", account)
        statement: dict[str, Any] = {"Effect": "Deny", "Action": action, "Resource": "*"}
        iam.put_role_policy(
            RoleName=role,
            PolicyName="mishap",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        try:
            yield
        finally:
            iam.delete_role_policy(RoleName=role, PolicyName="mishap")
