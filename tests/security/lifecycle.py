"""The lifecycle that the roles are measured by: the chain of DAGs, twice where that differs, and
the ways out of it that the runbooks name (a refused approval, drifted shares, a failed job, a
failed endpoint that is replaced).

What must fail is made to fail by a policy of the account's administrators, as it would be on AWS.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

import boto3

from tests.lifecycle.conftest import Runner, Runners
from tests.lifecycle.test_chain import (
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
from tests.security import scripts
from tests.security.mishaps import (
    bounded,
    denied,
    drift,
    leave_statements,
    leave_tags,
    share_beside_the_declaration,
)

APPROVER = "causeway-approver"


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
        with bounded(self.platform):
            airflow.succeed("platform__preflight")
        self.events()
        share_beside_the_declaration(self.platform)
        airflow.succeed("platform__access_review")
        self.kills()
        self.features_grow()
        self.records_go_singly()
        self.python(scripts.ENRICH)
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
            drift(self.platform, owner)
            leave_statements(self.platform, owner)
        leave_tags(self.platform)
        results = airflow.succeed("platform__sharing")["results"]
        assert all(results["converge_share"]), results
        assert [len(names) for names in results["converge_policies"]] == [2, 2], results
        self.python(scripts.LEAVE)
        self.python(scripts.BY_POLICY, str(self.platform.folder / "by-policy"))
        changed = airflow.succeed("platform__sharing")["results"]
        assert ["delete policy"] in [
            [word.split(":")[0] for word in did] for did in changed["converge_share"]
        ], changed
        airflow.succeed("platform__catalogue", {"text": "age"})

    def features(self, airflow: Runner) -> None:
        for stores in ("both", "both", "offline"):
            airflow.succeed("credit_risk__features", {"stores": stores})
        with denied(self.platform, "data", "causeway-feature-execution", "s3:PutObject"):
            found = airflow.run("credit_risk__features", {"rows": 50, "sample_seed": 1})
        assert found["tasks"]["engineer"] == ["failed"], found

    def training(self, airflow: Runner) -> None:
        for _ in range(2):
            airflow.succeed("credit_risk__training")
        role = "causeway-training-execution"
        with denied(self.platform, "data_science", role, "s3:PutObject"):
            found = airflow.run("credit_risk__training", {"seed": 2})
        assert "failed" in found["tasks"]["train"], found
        with denied(
            self.platform, "data_science", "causeway-registrar", "sagemaker:CreateModelPackage"
        ):
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
        self.python(scripts.STOP_PIPELINES, first["dataset"]["uri"])

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
        with denied(self.platform, "test", "causeway-serving-execution", "s3:GetObject"):
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
        self.python(scripts.TAKE_EVENTS)

    def kills(self) -> None:
        """Have tasks killed that wait for a job."""
        self.python(scripts.KILL_TASKS)

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
        self.python(scripts.GROW)

    def records_go_singly(self) -> None:
        """Write a record where batches are not to be had."""
        with denied(self.platform, "data", "causeway-ingester", "sagemaker:BatchWriteRecord"):
            self.python(scripts.PUT_SINGLY)

    def record_is_erased(self, airflow: Runner) -> None:
        """Erase a record that datasets and versions were built with."""
        asked = {"record": "sgc-000001", "use_case": "credit_risk", "reason": "asked by letter"}
        found = airflow.succeed("platform__erasure", asked)["results"]
        assert all(one["changed"] for one in found["erase"]), found
        assert found["report"]["model versions built with it"] >= 2, found

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
