"""Every status of the installed service model is listed, in the table of whoever waits on it."""

from __future__ import annotations

from botocore.session import Session

from causeway.deployment.rollout import ENDPOINT_STATUSES
from causeway.features.groups import GROUP_STATUSES
from causeway.model_cards.export import EXPORT_STATUSES
from causeway.model_cards.lifecycle import CardStatus
from causeway.sharing.acceptance import INVITATION_STATUSES
from causeway.sharing.shares import ASSOCIATION_STATUSES, SHARE_STATUSES
from causeway.topology.access_rules import CARD_STATUSES
from causeway.training.candidates import JOB_STATUSES
from causeway.training.pipelines import EXECUTION_STATUSES, STEP_STATUSES
from causeway.training.tracking_servers import STATUSES as SERVER_STATUSES


def enum(service: str, shape: str) -> set[str]:
    return set(Session().get_service_model(service).shape_for(shape).enum)


def test_stack_statuses_are_those_of_the_service_model() -> None:
    from causeway_airflow.hooks.cloudformation import STATUSES

    assert set(STATUSES) == enum("cloudformation", "StackStatus")
    assert {s for s, meaning in STATUSES.items() if meaning == "success"} == {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "IMPORT_COMPLETE",
    }


def test_job_statuses_are_those_of_the_service_model() -> None:
    both = enum("sagemaker", "TrainingJobStatus") | enum("sagemaker", "ProcessingJobStatus")
    assert set(JOB_STATUSES) == both
    assert [s for s, meaning in JOB_STATUSES.items() if meaning == "completed"] == ["Completed"]


def test_endpoint_statuses_are_those_of_the_service_model() -> None:
    assert set(ENDPOINT_STATUSES) == enum("sagemaker", "EndpointStatus")
    assert [s for s, m in ENDPOINT_STATUSES.items() if m.value == "success"] == ["InService"]


def test_feature_group_statuses_are_those_of_the_service_model() -> None:
    assert set(GROUP_STATUSES) == enum("sagemaker", "FeatureGroupStatus")
    assert [s for s, meaning in GROUP_STATUSES.items() if meaning == "success"] == ["Created"]


def test_query_states_are_those_of_the_service_model() -> None:
    from causeway_airflow.hooks.athena import STATES

    assert set(STATES) == enum("athena", "QueryExecutionState")
    assert [s for s, meaning in STATES.items() if meaning == "success"] == ["SUCCEEDED"]


def test_tracking_server_statuses_are_those_of_the_service_model() -> None:
    assert set(SERVER_STATUSES) == enum("sagemaker", "TrackingServerStatus")
    ready = {status for status, meaning in SERVER_STATUSES.items() if meaning == "ready"}
    assert ready == {"Created", "Started", "Updated", "MaintenanceComplete"}


def test_pipeline_statuses_are_those_of_the_service_model() -> None:
    for table, shape in (
        (EXECUTION_STATUSES, "PipelineExecutionStatus"),
        (STEP_STATUSES, "StepStatus"),
    ):
        assert set(table) == enum("sagemaker", shape)
        assert [s for s, meaning in table.items() if meaning == "completed"] == ["Succeeded"]


def test_statuses_of_sharing_are_those_of_the_service_model() -> None:
    assert set(SHARE_STATUSES) == enum("ram", "ResourceShareStatus")
    assert set(ASSOCIATION_STATUSES) == enum("ram", "ResourceShareAssociationStatus")
    assert set(INVITATION_STATUSES) == enum("ram", "ResourceShareInvitationStatus")
    for table in (SHARE_STATUSES, ASSOCIATION_STATUSES):
        there = [status for status, meaning in table.items() if meaning == "there"]
        assert there in (["ACTIVE"], ["ASSOCIATED"])


def test_export_statuses_are_those_of_the_service_model() -> None:
    assert set(EXPORT_STATUSES) == enum("sagemaker", "ModelCardExportJobStatus")
    assert [s for s, meaning in EXPORT_STATUSES.items() if meaning == "completed"] == ["Completed"]


def test_card_statuses_are_those_of_the_service_model() -> None:
    assert set(CARD_STATUSES) == enum("sagemaker", "ModelCardStatus")
    assert tuple(CardStatus) == CARD_STATUSES
