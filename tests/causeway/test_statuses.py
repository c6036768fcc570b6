"""Every status of the installed service models is in its table, and only the right ones succeed."""

from __future__ import annotations

import pytest
from botocore.session import Session

from causeway.model_cards.lifecycle import CardStatus
from causeway.statuses import TABLES, Meaning, meaning
from causeway.topology.access_rules import CARD_STATUSES

SERVICES = {
    "QueryExecutionState": "athena",
    "StackStatus": "cloudformation",
    "ResourceShareStatus": "ram",
    "ResourceShareAssociationStatus": "ram",
    "ResourceShareInvitationStatus": "ram",
}
SUCCESS = {
    "TrainingJobStatus": {"Completed"},
    "ProcessingJobStatus": {"Completed"},
    "PipelineExecutionStatus": {"Succeeded"},
    "StepStatus": {"Succeeded"},
    "ModelCardExportJobStatus": {"Completed"},
    "EndpointStatus": {"InService"},
    "FeatureGroupStatus": {"Created"},
    "LastUpdateStatusValue": {"Successful"},
    "TrackingServerStatus": {"Created", "Started", "Updated", "MaintenanceComplete"},
    "QueryExecutionState": {"SUCCEEDED"},
    "StackStatus": {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"},
    "ResourceShareStatus": {"ACTIVE"},
    "ResourceShareAssociationStatus": {"ASSOCIATED"},
    "ResourceShareInvitationStatus": {"ACCEPTED"},
}


def enum(service: str, shape: str) -> list[str]:
    return list(Session().get_service_model(service).shape_for(shape).enum)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_lists_every_status_of_the_service_model(name: str) -> None:
    statuses = enum(SERVICES.get(name, "sagemaker"), name)
    # TrainingJobStatus and ProcessingJobStatus share a table: each may have what the other lacks.
    jobs = {"TrainingJobStatus", "ProcessingJobStatus"}
    if name in jobs:
        statuses = [status for job in jobs for status in enum("sagemaker", job)]
    assert set(TABLES[name]) == set(statuses)


@pytest.mark.parametrize("name", TABLES)
def test_only_the_statuses_of_an_end_as_asked_for_are_a_success(name: str) -> None:
    succeeding = {status for status, meant in TABLES[name].items() if meant is Meaning.SUCCESS}
    assert succeeding == SUCCESS[name]


@pytest.mark.parametrize("name", TABLES)
def test_an_unknown_status_is_a_failure(name: str) -> None:
    assert meaning(name, "Dreaming") is Meaning.FAILURE


def test_card_statuses_are_those_of_the_service_model() -> None:
    assert set(CARD_STATUSES) == set(enum("sagemaker", "ModelCardStatus"))
    assert tuple(CardStatus) == CARD_STATUSES
