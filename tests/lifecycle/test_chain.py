"""The DAGs in the order of the chain, on the local AWS, each twice: what the record says of them.

The record is of one walk (`walk.py`); no test here runs anything.
"""

from __future__ import annotations

import json
from typing import Any

from tests.lifecycle.governance import V1, V2
from tests.lifecycle.record import Record


def started(record: Record, run: str) -> list[str]:
    """Return the ids of the promotions that a run of the sync started."""
    return [start["trigger_run_id"] for start in record.results(run)["sync"]]


def test_sync_before_the_accounts_are_set_up_skips(record: Record) -> None:
    assert record.run("sync before accounts").tasks["sync"] == ["skipped"]


def test_accounts_are_set_up_and_a_second_run_changes_nothing(record: Record) -> None:
    first, second = record.results("accounts"), record.results("accounts again")
    assert len(first["check_guards"]) == 7
    assert {stack["change"] for stack in first["update_resources"]} == {"unchanged"}
    assert first["model_groups"] == ["california-housing", "credit-risk"]
    assert second["update_resources"] == first["update_resources"]
    assert second["model_groups"] == []
    assert second["experiments"] == first["experiments"]


def test_a_dry_run_of_the_sharing_plans_and_changes_nothing(record: Record) -> None:
    plan = record.run("sharing plan")
    assert plan.state == "success"
    assert plan.tasks["converge_share"] == ["skipped"]
    assert "create: name causeway-models-credit-risk-deploy" in plan.log


def test_consumers_reach_what_is_shared_and_a_second_run_changes_nothing(record: Record) -> None:
    assert "AccessDenied" in record.observed("group in production before sharing")
    first, second = record.results("sharing"), record.results("sharing again")
    changes = {line.split(",")[0] for done in first["converge_share"] for line in done}
    # Drafts: test and production get the cards when they are handed over.
    assert changes == {"create: name causeway-catalog-discover"} | {
        f"create: name causeway-{word}-{case}-{label}"
        for case in ("california-housing", "credit-risk")
        for word, label in (
            ("features", "read"),
            ("models", "register"),
            ("models", "deploy"),
            ("cards", "development"),
        )
    }
    assert [len(account["described"]) for account in first["verify_access"]] == [9, 2, 2]
    assert len(first["discover_shared"][0]["feature_groups"]) >= 5
    assert record.observed("group in production after sharing") == "described"
    assert second["define_feature_groups"] == []
    assert not second.get("converge_share")
    assert all(set(done.values()) == {"done"} for done in second["accept_invitations"])


def test_the_lineage_goes_from_the_raw_file_to_the_endpoint_without_a_gap(record: Record) -> None:
    for run in ("features", "training", "promotion"):
        assert record.results(run)["lineage"]["problem"] == "", run
    assert record.results("features again")["lineage"]["changed"] <= 3  # the ingestions, again
    behind = record.observed("lineage")
    assert set(behind) == {
        *("data source", "raw file", "code", "processing job", "ingestion", "feature group"),
        *("feature", "dataset", "training job", "MLflow run", "model artifact", "model version"),
        *("decision", "endpoint config", "deployment", "endpoint"),
    }
    assert behind["model version"] == ["credit-risk/2"]
    assert sorted(set(behind["feature group"])) == [
        *("credit-risk-applicant", "credit-risk-loan", "credit-risk-outcome"),
    ]
    assert all(name.startswith("synthetic sample") for name in behind["data source"])


def test_a_bad_file_is_refused_by_row_and_column_and_nothing_is_written(record: Record) -> None:
    run = record.run("features of a bad file")
    assert run.tasks == {
        "validate": ["failed"],
        "engineer": ["upstream_failed"],
        "ingest": ["upstream_failed"],
        "lineage": ["upstream_failed"],
    }
    assert "row 2, column 'hoehe', value 'many': is no whole number" in run.log
    assert record.observed("raw objects after a bad file") == 0


def test_features_are_ingested_once(record: Record) -> None:
    first, second = record.results("features"), record.results("features again")
    assert {group["written"] for group in first["ingest"].values()} == {1000}
    assert second["engineer"] == first["engineer"]
    assert {group["written"] for group in second["ingest"].values()} == {0}


def test_the_same_training_registers_one_version(record: Record) -> None:
    first, second = record.results("training"), record.results("training again")
    assert first["register"]["version_arn"] == V1
    assert first["register"]["created"] is True
    assert len({job["job"] for job in first["train"]}) == 4
    assert second["register"] == {**first["register"], "created": False}
    # Another run has a record of its own, of the same jobs.
    assert second["track"]["mlflow_parent"] != first["track"]["mlflow_parent"]
    assert set(second["track"]["runs"]) == set(first["track"]["runs"])
    assert record.observed("training jobs of one version") == 4
    version = record.observed("registered version")
    assert version["ModelApprovalStatus"] == "PendingManualApproval"
    assert version["CustomerMetadataProperties"]["trained-by"] == "ml-engineer"


def test_sync_records_the_version_and_asks_for_one_promotion(record: Record) -> None:
    assert started(record, "sync of the first version") == ["credit-risk-v1-1"]
    assert record.observed("first version recorded") == "pending"
    # Its run exists: nothing is started again.
    assert record.results("sync again")["sync"] == []


def test_an_approval_by_the_trainer_is_refused_and_set_back(record: Record) -> None:
    assert record.run("sync of the trainer's approval").state == "success"
    version = record.observed("version approved by its trainer")
    assert version["ModelApprovalStatus"] == "PendingManualApproval"
    assert record.observed("trainer's approval recorded") == "quarantined"


def test_an_approval_for_test_deploys_to_test_and_not_to_production(record: Record) -> None:
    tested = record.observed("first version's test record")
    assert tested["status"] == "pending"
    metrics = json.loads(tested["validation_metrics"])
    assert metrics["auc"] > 0.7
    assert metrics["rows"] == 150
    assert record.observed("production endpoints after an approval for test") == []


def test_a_second_version_goes_to_production(record: Record) -> None:
    assert record.results("second training")["register"]["version_arn"] == V2
    assert started(record, "sync of the second version") == ["credit-risk-v2-1"]
    assert record.results("promotion")["close"] == "deployed"
    assert record.observed("second version's production record")["status"] == "deployed"
    endpoint = record.observed("production endpoint")
    assert endpoint["EndpointStatus"] == "InService"
    assert "-v2-" in endpoint["EndpointConfigName"]


def test_an_older_version_approved_afterwards_ends_as_superseded(record: Record) -> None:
    results: dict[str, Any] = record.results("promotion of the older version")
    tasks = record.run("promotion of the older version").tasks
    assert tasks["deploy_to_production"] == ["skipped"]
    assert tasks["smoke_test"] == ["skipped"]
    assert results["close"] == "superseded"
    assert record.observed("older version recorded") == "superseded"
    endpoint = record.observed("production endpoint after the older version")
    assert "-v2-" in endpoint["EndpointConfigName"]


def test_a_finished_promotion_run_again_changes_nothing(record: Record) -> None:
    assert record.results("promotion again")["close"] == "deployed"
    before = record.observed("second version's production record")
    assert record.observed("production record after all") == before
    assert record.results("sync after all")["sync"] == []


def test_two_words_let_a_use_case_of_high_risk_go_on(record: Record) -> None:
    assert record.observed("words on a use case") == ["advanced", "counted"]
