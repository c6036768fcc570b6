"""The lifecycle that is recorded: the chain of DAGs from empty accounts to a model in production.

Each DAG runs twice where that differs, and takes the ways out that the runbooks name: a refused
approval, drifted shares, a failed job, a model that its endpoint may not load. What must fail is
made to fail by a policy of the account's administrators, as it would be on AWS.

Nothing is judged here beyond what the next step needs: the tests judge the record.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from causeway.lineage.questions import Lineage
from causeway.lineage.records import KINDS, record_of
from tests import how_tos
from tests.lifecycle.governance import (
    GROUP_ARN,
    V1,
    V2,
    approve_for_production,
    approve_for_test,
    look_before_deciding,
    say_of_use_case,
    stage_record,
    status,
    until,
    use_case_words,
)
from tests.lifecycle.mishaps import (
    bounded,
    denied,
    drift,
    leave_statement,
    leave_tags,
    serve_beside_the_promotions,
    share_beside_the_declaration,
)
from tests.lifecycle.processes import Runners
from tests.lifecycle.record import Record, Run
from tests.local_platform import LocalPlatform

SYNC = "platform__governance_sync"
PROMOTION = "credit_risk__promotion"
RUN_1, RUN_2 = "credit-risk-v1-1", "credit-risk-v2-1"
BAD_FILE = (
    "laufkont laufzeit moral verw hoehe sparkont beszeit rate famges buerge wohnzeit verm "
    "alter weitkred wohn bishkred beruf pers telef gastarb kredit\n"
    "1 18 4 2 many 1 2 4 2 1 4 2 21 3 1 1 3 2 1 2 1\n"
)


class Walk:
    """A walk through the lifecycle on a platform of its own."""

    def __init__(self, platform: LocalPlatform, runners: Runners, record: Record) -> None:
        self.platform, self.record = platform, record
        self.airflow = runners.add()
        # Promotions wait for people in these, while the sync runs in the first.
        self.promotions = runners.add(), runners.add()
        self.beside = runners.add()

    def walk(self) -> None:
        """Walk from end to end; each chapter needs those before it."""
        self.accounts()
        self.sharing()
        self.drifted_shares()
        self.features()
        self.training()
        self.refused_approval()
        self.first_version()
        self.second_version()
        self.older_version()
        self.pipeline()
        self.reviews()
        self.records()
        self.use_case()

    # ------------------------------------------------------------------- steps
    def run(
        self,
        name: str,
        dag_id: str,
        conf: dict[str, Any] | None = None,
        run_id: str | None = None,
        *,
        fails: bool = False,
    ) -> Run:
        """Run a DAG and record it; where it does not end as it has to, the walk ends."""
        return self.keep(name, self.airflow.run(dag_id, conf, run_id), fails=fails)

    def keep(self, name: str, run: Run, *, fails: bool = False) -> Run:
        """Record a run that ended."""
        self.record.runs[name] = run
        state = "failed" if fails else "success"
        assert run.state == state, f"{name}: {run.state} {run.tasks}\n{run.log[-6000:]}"
        return run

    def observe(self, name: str, value: Any) -> None:
        """Record what is to be seen now."""
        self.record.observations[name] = value

    def client(self, service: str, role: str) -> Any:
        """Return a client of an account's administrator."""
        return self.platform.client(service, role)

    def await_status(self, version: str, stage: str, expected: str) -> None:
        """Wait until a version has a status in a stage."""
        what = f"{version} {expected} in {stage}"
        until(lambda: status(self.platform, version, stage) == expected, what)

    # ---------------------------------------------------------------- chapters
    def accounts(self) -> None:
        """Set the accounts up."""
        # With no account set up, the sync skips.
        self.record.runs["sync before accounts"] = self.airflow.run(SYNC)
        self.platform.deploy(*self.platform.accounts)
        self.run("accounts", "platform__accounts")
        self.run("accounts again", "platform__accounts")

    def sharing(self) -> None:
        """Share what is declared, by drafts of the cards."""
        self.observe("group in production before sharing", self._group_in_production())
        self.run("sharing plan", "platform__sharing", {"dry_run": True})
        self.run("sharing", "platform__sharing")
        self.observe("group in production after sharing", self._group_in_production())
        self.run("sharing again", "platform__sharing")

    def drifted_shares(self) -> None:
        """Have shares, policies and tags changed beside the declaration, and set right again."""
        # A card is shared with test and production when it is handed over to them.
        owner = self.client("sagemaker", "shared_services")
        for card in owner.list_model_cards()["ModelCardSummaries"]:
            owner.update_model_card(ModelCardName=card["ModelCardName"], ModelCardStatus="Approved")
        # Approved cards are shared by permissions of the account's own, which can drift, too.
        self.run("sharing of approved cards", "platform__sharing")
        for account in ("data", "shared_services"):
            drift(self.platform, account)
        leave_statement(self.platform)
        leave_tags(self.platform)
        self.run("sharing after drift", "platform__sharing")
        self.beside.call("leave_shares")
        self.beside.call("share_by_policy", str(self.platform.folder / "by-policy"))
        self.run("sharing after leaving", "platform__sharing")
        self.run("catalogue", "platform__catalogue", {"text": "age"})

    def features(self) -> None:
        """Ingest features; a bad file and a failing job before and after."""
        inbox = Path(self.platform.environment["CAUSEWAY_INBOX"])
        inbox.mkdir(exist_ok=True)
        (inbox / "bad.asc").write_text(BAD_FILE)
        bad = {"data": "bad.asc"}
        self.run("features of a bad file", "credit_risk__features", bad, fails=True)
        listed = self.client("s3", "data").list_objects_v2(
            Bucket="causeway-data-111111111111-eu-central-1", Prefix="raw/"
        )
        self.observe("raw objects after a bad file", listed["KeyCount"])
        self.run("features", "credit_risk__features", {"data": "sample"})
        self.run("features again", "credit_risk__features", {"data": "sample"})
        offline = {"data": "sample", "stores": "offline"}
        self.run("features offline", "credit_risk__features", offline)
        with denied(self.platform, "data", "causeway-feature-execution", "s3:PutObject"):
            conf = {"data": "sample", "rows": 50, "sample_seed": 1}
            self.run("features of a failing job", "credit_risk__features", conf, fails=True)

    def training(self) -> None:
        """Train and register the first version, and find it again."""
        self.run("training", "credit_risk__training")
        self.run("training again", "credit_risk__training")
        listed = self.client("sagemaker", "data_science").list_training_jobs()
        self.observe("training jobs of one version", len(listed["TrainingJobSummaries"]))
        self.observe("registered version", self._described(V1))

    def refused_approval(self) -> None:
        """Have the version recorded, and approved by the person who trained it."""
        self.run("sync of the first version", SYNC)
        self.observe("first version recorded", status(self.platform, V1, "development"))
        self.run("sync again", SYNC)
        approve_for_test(self.platform, "ml-engineer", V1)
        self.run("sync of the trainer's approval", SYNC)
        self.observe("version approved by its trainer", self._described(V1))
        self.observe("trainer's approval recorded", status(self.platform, V1, "development"))

    def first_version(self) -> None:
        """Take the first version into test; its model cannot be loaded once."""
        runner, promotion = (
            self.promotions[0],
            (PROMOTION, {"version_arn": V1, "attempt": 1}, RUN_1),
        )
        runner.start(*promotion)  # and waits for the approval
        evidence = look_before_deciding(self.platform, "model-owner", V1)
        self.observe("read before deciding", evidence)
        with denied(self.platform, "test", "causeway-serving-execution", "s3:GetObject"):
            approve_for_test(self.platform, "model-owner", V1)
            self.run("sync of the approval for test", SYNC)
            self.keep("promotion of a model that cannot be loaded", runner.result(), fails=True)
        runner.start(*promotion)
        self.await_status(V1, "test", "pending")
        self.observe("first version's test record", stage_record(self.platform, V1, "test"))
        endpoints = self.client("sagemaker", "prod").list_endpoints()["Endpoints"]
        self.observe("production endpoints after an approval for test", endpoints)

    def second_version(self) -> None:
        """Train another version, past failures, and take it to production."""
        role = "causeway-training-execution"
        with denied(self.platform, "data_science", role, "s3:PutObject"):
            self.run("training of failing jobs", "credit_risk__training", {"seed": 2}, fails=True)
        with denied(
            self.platform, "data_science", "causeway-registrar", "sagemaker:CreateModelPackage"
        ):
            self.run("training not registered", "credit_risk__training", {"seed": 1}, fails=True)
        self.run("second training", "credit_risk__training", {"seed": 1})
        self.run("sync of the second version", SYNC)
        runner = self.promotions[1]
        runner.start(PROMOTION, {"version_arn": V2, "attempt": 1}, RUN_2)
        self.platform.serve_pages()
        approve_for_test(self.platform, "model-owner", V2, in_airflow=True)
        self.run("sync of the second approval for test", SYNC)
        self.await_status(V2, "test", "pending")
        look_before_deciding(self.platform, "governance-officer", V2)
        approve_for_production(self.platform, "governance-officer", V2, in_airflow=True)
        self.run("sync of the approval for production", SYNC)
        self.keep("promotion", runner.result())
        self.observe("second version's production record", self._production_record(V2))
        self.observe("production endpoint", self._production_endpoint())
        self.run("training beside production", "credit_risk__training", {"seed": 1})

    def older_version(self) -> None:
        """Approve the first version after the second went to production; run its way again."""
        approve_for_production(self.platform, "governance-officer", V1)
        self.run("sync of the older version", SYNC)
        self.keep("promotion of the older version", self.promotions[0].result())
        self.observe("older version recorded", status(self.platform, V1, "production"))
        self.observe("production endpoint after the older version", self._production_endpoint())
        self.run("promotion again", PROMOTION, {"version_arn": V2, "attempt": 1}, RUN_2)
        self.observe("production record after all", self._production_record(V2))
        self.run("sync after all", SYNC)

    def pipeline(self) -> None:
        """Train by the other route: made, set right, adopted, killed; registered like the rest."""
        self.run(
            "housing features", "california_housing__features", {"data": "sample", "rows": 400}
        )
        first = self.run("pipeline", "california_housing__training")
        definition = {
            "Version": "2020-12-01",
            "Steps": [{"Name": "F", "Type": "Fail", "Arguments": {"ErrorMessage": "x"}}],
        }
        self.client("sagemaker", "data_science").update_pipeline(
            PipelineName="california-housing", PipelineDefinition=json.dumps(definition)
        )
        self.run("pipeline again", "california_housing__training")
        self.beside.call("stop_pipelines", first.results["dataset"]["uri"])

    def reviews(self) -> None:
        """Prove and review who may do what, with everything there to ask about."""
        with bounded(self.platform):
            self.run("preflight", "platform__preflight")
        for account in ("test", "prod"):
            serve_beside_the_promotions(self.platform, account)
        self.run("lineage", "platform__lineage")
        self.observe("lineage", self._lineage())
        self.run("live models", "platform__live_models")
        self.run("audit", "platform__audit")
        self.run("reports", "platform__reports")
        self.run("access log", "platform__access_log", {"month": f"{datetime.now(UTC):%Y-%m}"})
        self.beside.call("take_events")
        share_beside_the_declaration(self.platform)
        self.run("access review", "platform__access_review")

    def records(self) -> None:
        """Kill tasks, let a contract grow, write, look up and erase single records."""
        self.beside.call("kill_tasks")
        self.beside.call("grow_contract")
        with denied(self.platform, "data", "causeway-ingester", "sagemaker:BatchWriteRecord"):
            self.beside.call("write_record_singly")
        self.beside.call("enrich_records")
        self.beside.call("read_pages")
        for page in how_tos.EXECUTED:
            self.beside.call("run_examples", page)
        conf = {"record": "sgc-000001", "use_case": "credit_risk", "reason": "asked by letter"}
        self.run("erasure", "platform__erasure", conf)

    def use_case(self) -> None:
        """Record a use case and have two people approve it, at the end: it holds up what is new."""
        self.beside.call("record_use_case")
        for person in ("governance-officer", "risk-officer"):
            say_of_use_case(self.platform, person, "development")
        self.run("sync of the words on a use case", SYNC)
        self.observe("words on a use case", use_case_words(self.platform))

    # ------------------------------------------------------------ observations
    def _lineage(self) -> dict[str, list[str]]:
        """Return the names of all that the production endpoint depends on, by their kind."""
        table = self.client("dynamodb", "governance")
        items = [
            item
            for kind in KINDS
            for item in table.query(
                TableName="causeway-governance",
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": f"LINEAGE#{kind}"}},
            )["Items"]
        ]
        records = [
            record_of(item["pk"]["S"].partition("#")[2], json.loads(item["document"]["S"]))
            for item in items
        ]
        found: dict[str, list[str]] = {}
        for thing in Lineage.of(records).behind("prod/credit-risk").things:
            found.setdefault(thing.kind.value, []).append(thing.name)
        return found

    def _group_in_production(self) -> str:
        """Say whether production reaches the model group by its ARN, or the error's code."""
        try:
            self.client("sagemaker", "prod").describe_model_package_group(
                ModelPackageGroupName=GROUP_ARN
            )
        except ClientError as error:
            return str(error)
        return "described"

    def _described(self, version: str) -> dict[str, Any]:
        registry = self.client("sagemaker", "shared_services")
        described: dict[str, Any] = registry.describe_model_package(ModelPackageName=version)
        return described

    def _production_record(self, version: str) -> dict[str, Any]:
        return stage_record(self.platform, version, "production")

    def _production_endpoint(self) -> dict[str, Any]:
        described: dict[str, Any] = self.client("sagemaker", "prod").describe_endpoint(
            EndpointName="credit-risk"
        )
        return described
