"""What goes wrong beside the straight way, and how the chain goes on: looks at the record."""

from __future__ import annotations

import json

from tests.lifecycle.governance import V1
from tests.lifecycle.record import Record


def test_drifted_shares_and_policies_are_set_right(record: Record) -> None:
    results = record.results("sharing after drift")
    assert all(results["converge_share"])
    assert [len(names) for names in results["converge_policies"]] == [1, 0]


def test_what_a_use_case_no_longer_shares_by_policy_is_taken_back(record: Record) -> None:
    changed = record.results("sharing after leaving")["converge_share"]
    assert ["delete policy"] in [[word.split(":")[0] for word in did] for did in changed]


def test_a_job_that_may_not_write_its_features_fails_its_task(record: Record) -> None:
    assert record.run("features of a failing job").tasks["engineer"] == ["failed"]


def test_jobs_that_may_not_write_their_models_fail_their_tasks(record: Record) -> None:
    assert "failed" in record.run("training of failing jobs").tasks["train"]


def test_a_training_that_may_not_register_fails_and_the_next_registers(record: Record) -> None:
    tasks = record.run("training not registered").tasks
    assert "failed" in {state for states in tasks.values() for state in states}
    assert record.results("second training")["register"]["created"] is True


def test_a_person_reads_gate_report_and_comparison_before_deciding(record: Record) -> None:
    evidence = record.observed("read before deciding")
    assert V1 in evidence["versions"]
    assert json.loads(evidence["gate report"])
    assert "candidate" in evidence["comparison"]


def test_a_model_that_its_role_may_not_load_fails_the_deployment(record: Record) -> None:
    run = record.run("promotion of a model that cannot be loaded")
    assert run.tasks["deploy_to_test"] == ["failed"]


def test_a_pipeline_changed_beside_the_chain_is_set_right_and_finds_its_version(
    record: Record,
) -> None:
    first, again = record.results("pipeline"), record.results("pipeline again")
    assert again["register"]["version_arn"] == first["register"]["version_arn"]
    assert again["register"]["created"] is False


def test_a_version_in_production_is_the_measure_of_the_next_training(record: Record) -> None:
    assert record.results("training beside production")["track"]["production_uri"]


def test_a_preflight_agrees_with_its_probes(record: Record) -> None:
    assert record.run("preflight").state == "success"


def test_an_access_review_ends_although_it_has_drift_to_report(record: Record) -> None:
    assert record.run("access review").state == "success"


def test_a_record_is_erased_and_the_versions_built_with_it_are_counted(record: Record) -> None:
    results = record.results("erasure")
    assert all(outcome["changed"] for outcome in results["erase"])
    assert results["report"]["model versions built with it"] >= 2


def test_what_is_live_is_still_there_as_it_was_released(record: Record) -> None:
    assert record.results("live models")["look"] == {}
