"""The DAGs through `dag.test()` in the order of the chain, on the local AWS, each twice.

The tests of this file build on each other, top to bottom.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.conftest import Runner, Runners
from tests.local_platform import LocalPlatform

GROUP_ARN = "arn:aws:sagemaker:eu-central-1:333333333333:model-package-group/credit-risk"
V1 = "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk/1"
V2 = "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk/2"


def until(look: Callable[[], Any], what: str, seconds: float = 300) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{what} did not come about in {seconds:.0f} s")


def record(platform: LocalPlatform, version: str, stage: str) -> dict[str, Any]:
    item = (
        platform.client("dynamodb", "governance")
        .get_item(
            TableName="causeway-governance",
            Key={"pk": {"S": f"VERSION#{version}"}, "sk": {"S": f"STAGE#{stage}"}},
        )
        .get("Item", {})
    )
    return {name: next(iter(value.values())) for name, value in item.items()}


def status(platform: LocalPlatform, version: str, stage: str) -> str | None:
    return record(platform, version, stage).get("status")


def sync(airflow: Runner) -> list[dict[str, Any]]:
    started: list[dict[str, Any]] = airflow.succeed("platform__governance_sync")["results"]["sync"]
    return started


def approve_for_test(platform: LocalPlatform, person: str, version: str) -> None:
    platform.person(person).update_model_package(
        ModelPackageArn=version, ModelApprovalStatus="Approved", ApprovalDescription="good"
    )


def approve_for_production(platform: LocalPlatform, person: str, version: str) -> None:
    platform.person(person).update_model_package(
        ModelPackageArn=version,
        ModelLifeCycle={
            "Stage": "Production",
            "StageStatus": "Approved",
            "StageDescription": "tested",
        },
    )


@pytest.fixture(scope="module")
def promotions(runners: Runners) -> tuple[Runner, Runner]:
    """Two more processes: promotions wait in them while the sync runs in the first."""
    return runners.add(), runners.add()


def test_sync_before_the_accounts_are_set_up_skips(airflow: Runner) -> None:
    found = airflow.run("platform__governance_sync")
    assert found["tasks"]["sync"] == ["skipped"]


def test_accounts_are_set_up_and_a_second_run_changes_nothing(airflow: Runner) -> None:
    first = airflow.succeed("platform__accounts")["results"]
    assert {stack["change"] for stack in first["deploy_stack"]} == {"created"}
    assert first["model_groups"] == ["california-housing", "credit-risk"]
    second = airflow.succeed("platform__accounts")["results"]
    assert {stack["change"] for stack in second["deploy_stack"]} == {"unchanged"}
    assert second["model_groups"] == []
    assert second["experiments"] == first["experiments"]


def test_consumers_reach_what_is_shared_and_a_second_run_changes_nothing(
    platform: LocalPlatform, airflow: Runner
) -> None:
    production = platform.client("sagemaker", "prod")
    with pytest.raises(production.exceptions.ClientError, match="AccessDenied"):
        production.describe_model_package_group(ModelPackageGroupName=GROUP_ARN)
    plan = airflow.succeed("platform__sharing", {"dry_run": True})
    assert plan["tasks"]["converge_share"] == ["skipped"]
    assert "create: name causeway-models-credit-risk-deploy" in airflow.log.read_text()
    first = airflow.succeed("platform__sharing")["results"]
    made = {line.split(",")[0] for done in first["converge_share"] for line in done}
    # Drafts: test and production get the cards when they are handed over.
    assert made == {"create: name causeway-catalog-discover"} | {
        f"create: name causeway-{word}-{case}-{label}"
        for case in ("california-housing", "credit-risk")
        for word, label in (
            ("features", "read"),
            ("models", "register"),
            ("models", "deploy"),
            ("cards", "development"),
        )
    }
    assert [len(seen["described"]) for seen in first["verify_access"]] == [9, 2, 2]
    assert len(first["discover_shared"][0]["feature_groups"]) >= 5
    assert production.describe_model_package_group(ModelPackageGroupName=GROUP_ARN)
    second = airflow.succeed("platform__sharing")["results"]
    assert second["define_feature_groups"] == []
    assert not second.get("converge_share")
    assert all(set(done.values()) == {"done"} for done in second["accept_invitations"])


def test_a_bad_file_is_refused_by_row_and_column_and_nothing_is_written(
    platform: LocalPlatform, airflow: Runner, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.asc"
    header = (
        "laufkont laufzeit moral verw hoehe sparkont beszeit rate famges buerge wohnzeit verm "
        "alter weitkred wohn bishkred beruf pers telef gastarb kredit"
    )
    row = "1 18 4 2 many 1 2 4 2 1 4 2 21 3 1 1 3 2 1 2 1"
    bad.write_text(f"{header}\n{row}\n")
    found = airflow.run("credit_risk__features", {"data": str(bad)})
    assert found["tasks"] == {
        "validate": ["failed"],
        "engineer": ["upstream_failed"],
        "ingest": ["upstream_failed"],
    }
    log = airflow.log.read_text()
    assert "row 2, column 'hoehe', value 'many': is no whole number" in log
    listed = platform.client("s3", "data").list_objects_v2(
        Bucket="causeway-data-111111111111-eu-central-1", Prefix="raw/"
    )
    assert listed["KeyCount"] == 0


def test_features_are_ingested_once(airflow: Runner) -> None:
    first = airflow.succeed("credit_risk__features")["results"]
    assert {group["written"] for group in first["ingest"].values()} == {1000}
    second = airflow.succeed("credit_risk__features")["results"]
    assert second["engineer"] == first["engineer"]
    assert {group["written"] for group in second["ingest"].values()} == {0}


def test_the_same_training_registers_one_version(platform: LocalPlatform, airflow: Runner) -> None:
    first = airflow.succeed("credit_risk__training")["results"]
    assert first["register"]["version_arn"] == V1
    assert first["register"]["created"] is True
    assert len({job["job"] for job in first["train"]}) == 4
    second = airflow.succeed("credit_risk__training")["results"]
    assert second["register"] == {**first["register"], "created": False}
    # Another run has a record of its own, of the same jobs.
    assert second["track"]["mlflow_parent"] != first["track"]["mlflow_parent"]
    assert set(second["track"]["runs"]) == set(first["track"]["runs"])
    jobs = platform.client("sagemaker", "data_science").list_training_jobs()
    assert len(jobs["TrainingJobSummaries"]) == 4
    version = platform.client("sagemaker", "shared_services").describe_model_package(
        ModelPackageName=V1
    )
    assert version["ModelApprovalStatus"] == "PendingManualApproval"
    assert version["CustomerMetadataProperties"]["trained-by"] == "ml-engineer"


def test_sync_records_the_version_and_asks_for_one_promotion(
    platform: LocalPlatform, airflow: Runner
) -> None:
    started = sync(airflow)
    assert [run["trigger_run_id"] for run in started] == ["credit-risk-v1-1"]
    assert status(platform, V1, "development") == "pending"
    assert sync(airflow) == []  # its run exists: nothing is started again


def test_an_approval_by_the_trainer_is_refused_and_set_back(
    platform: LocalPlatform, airflow: Runner
) -> None:
    approve_for_test(platform, "ml-engineer", V1)
    sync(airflow)
    version = platform.client("sagemaker", "shared_services").describe_model_package(
        ModelPackageName=V1
    )
    assert version["ModelApprovalStatus"] == "PendingManualApproval"
    assert status(platform, V1, "development") == "quarantined"


def test_an_approval_for_test_deploys_to_test_and_not_to_production(
    platform: LocalPlatform, airflow: Runner, promotions: tuple[Runner, Runner]
) -> None:
    promotions[0].start("credit_risk__promotion", {"version_arn": V1, "attempt": 1})
    approve_for_test(platform, "model-owner", V1)
    sync(airflow)
    until(lambda: status(platform, V1, "test") == "pending", "the test record with metrics")
    metrics = json.loads(record(platform, V1, "test")["validation_metrics"])
    assert metrics["auc"] > 0.7
    assert metrics["rows"] == 150
    assert not platform.client("sagemaker", "prod").list_endpoints()["Endpoints"]


def test_a_second_version_goes_to_production(
    platform: LocalPlatform, airflow: Runner, promotions: tuple[Runner, Runner]
) -> None:
    trained = airflow.succeed("credit_risk__training", {"seed": 1})["results"]
    assert trained["register"]["version_arn"] == V2
    assert [run["trigger_run_id"] for run in sync(airflow)] == ["credit-risk-v2-1"]
    promotions[1].start("credit_risk__promotion", {"version_arn": V2, "attempt": 1})
    approve_for_test(platform, "model-owner", V2)
    sync(airflow)
    until(lambda: status(platform, V2, "test") == "pending", "the test record with metrics")
    approve_for_production(platform, "governance-officer", V2)
    sync(airflow)
    found = promotions[1].result()
    assert found["state"] == "success", promotions[1].log.read_text()[-6000:]
    assert found["results"]["close"] == "deployed"
    assert status(platform, V2, "production") == "deployed"
    described = platform.client("sagemaker", "prod").describe_endpoint(EndpointName="credit-risk")
    assert described["EndpointStatus"] == "InService"
    assert "-v2-" in described["EndpointConfigName"]


def test_an_older_version_approved_afterwards_ends_as_superseded(
    platform: LocalPlatform, airflow: Runner, promotions: tuple[Runner, Runner]
) -> None:
    approve_for_production(platform, "governance-officer", V1)
    sync(airflow)
    found = promotions[0].result()
    assert found["state"] == "success", promotions[0].log.read_text()[-6000:]
    assert found["tasks"]["deploy_to_production"] == ["skipped"]
    assert found["tasks"]["smoke_test"] == ["skipped"]
    assert found["results"]["close"] == "superseded"
    assert status(platform, V1, "production") == "superseded"
    described = platform.client("sagemaker", "prod").describe_endpoint(EndpointName="credit-risk")
    assert "-v2-" in described["EndpointConfigName"]


def test_a_finished_promotion_run_again_changes_nothing(
    platform: LocalPlatform, airflow: Runner
) -> None:
    before = record(platform, V2, "production")
    found = airflow.succeed("credit_risk__promotion", {"version_arn": V2, "attempt": 1})
    assert found["results"]["close"] == "deployed"
    assert record(platform, V2, "production") == before
    assert sync(airflow) == []
