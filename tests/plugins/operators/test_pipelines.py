"""A training as a SageMaker pipeline: started once, adopted, refused by its gate, registered."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from causeway.errors import JobFailed
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.files import use_case
from causeway.versions.stages import Stage, Status
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context, execute
from tests.plugins.housing import ABOUT, BUCKET, stored_dataset

GROUP = "arn:aws:sagemaker:eu-central-1:333333333333:model-package-group/california-housing"


@pytest.fixture(scope="module")
def dataset(platform: LocalPlatform) -> str:
    """A dataset as the training DAG's first task leaves it."""
    return stored_dataset()


def operator(dataset: str, seed: int | None = None) -> Any:
    from causeway_airflow.operators.pipelines import RunPipelineOperator

    return RunPipelineOperator(task_id="pipeline", dataset=dataset, seed=seed, **ABOUT)


def executions(platform: LocalPlatform) -> list[dict[str, Any]]:
    listed = platform.client("sagemaker", "data_science").list_pipeline_executions(
        PipelineName="california-housing", MaxResults=100
    )
    return list(listed["PipelineExecutionSummaries"])


@pytest.fixture(scope="module")
def result(platform: LocalPlatform, dataset: str) -> dict[str, Any]:
    """The result of an execution that went well."""
    task_context = context()
    handed_over: dict[str, Any] = execute(operator(dataset), task_context)
    assert task_context["ti"].xcoms["jobs"] == handed_over["jobs"]
    return handed_over


def test_the_result_is_what_the_task_route_hands_over(
    platform: LocalPlatform, result: dict[str, Any]
) -> None:
    from causeway_airflow.hooks.artifacts import ArtifactsHook

    (job,) = result["jobs"]
    assert job["hyperparameters"]["max_depth"] == "8"
    files = ArtifactsHook("causeway_data_science_trainer")
    evaluation = json.loads(files.read(f"{result['outputs']['evaluation']}/evaluation.json"))
    assert evaluation["rows"] == 132  # 33 % of 400
    assert evaluation["metrics"]["mse"] <= 0.75
    assert files.read(f"{result['outputs']['parts']}/evaluation/test.csv").startswith(b"record_id,")
    assert files.digest(job["model_uri"])
    described = platform.client("sagemaker", "data_science").describe_training_job(
        TrainingJobName=job["job"]
    )
    assert described["RoleArn"].endswith("causeway-training-execution")
    assert described["OutputDataConfig"]["KmsKeyId"].endswith("alias/causeway-data-science")


def test_a_second_run_adopts_the_execution_and_changes_nothing(
    platform: LocalPlatform, result: dict[str, Any], dataset: str
) -> None:
    before = executions(platform)
    assert operator(dataset).perform(context()) == result
    assert executions(platform) == before


def test_a_pipeline_that_somebody_changed_is_set_right(
    platform: LocalPlatform, result: dict[str, Any], dataset: str
) -> None:
    administrator = platform.client("sagemaker", "data_science")
    declared = administrator.describe_pipeline(PipelineName="california-housing")
    other = json.dumps(
        {
            "Version": "2020-12-01",
            "Steps": [{"Name": "F", "Type": "Fail", "Arguments": {"ErrorMessage": "x"}}],
        }
    )
    administrator.update_pipeline(PipelineName="california-housing", PipelineDefinition=other)
    assert operator(dataset).perform(context())["execution"] == result["execution"]
    restored = administrator.describe_pipeline(PipelineName="california-housing")
    assert restored["PipelineDefinition"] == declared["PipelineDefinition"]


def test_a_gate_that_is_not_kept_fails_and_the_next_attempt_can_be_killed(
    platform: LocalPlatform, result: dict[str, Any], dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.sdk.exceptions import TaskDeferred

    from causeway_airflow.tasks import pipelines

    def strict(use_case_id: str, model: str) -> Any:
        spec = use_case(use_case_id).model(model)
        gate = spec.metric_gates[0].model_copy(update={"max": 0.0001})
        return use_case(use_case_id), spec.model_copy(update={"gates": (gate,)})

    monkeypatch.setattr(pipelines, "case_and_model", strict)
    with pytest.raises(JobFailed, match=r"a gate was not kept \(mse at most 0\.0001\)"):
        execute(operator(dataset), context())

    with pytest.raises(TaskDeferred) as deferred:
        operator(dataset).perform(context())
    assert executions(platform)[0]["PipelineExecutionDisplayName"].endswith("-a2")
    trigger, until = deferred.value.trigger, time.monotonic() + 60
    while trigger._cursor.get("Preprocess") != "Executing":
        assert trigger.look() == "waiting"
    asyncio.run(trigger.on_kill())
    while trigger.look() == "waiting" and time.monotonic() < until:
        time.sleep(0.1)
    assert trigger._cursor == {"Preprocess": "Stopped"}
    assert executions(platform)[0]["PipelineExecutionStatus"] == "Stopped"
    asyncio.run(trigger.on_kill())  # a second one finds it ended
    with pytest.raises(JobFailed, match="ended Stopped"):
        operator(dataset).resumed(context())


def test_a_version_that_a_pipeline_registers_by_itself_is_quarantined(
    shared: LocalPlatform,
) -> None:
    from causeway_airflow.hooks.stage_table import StageTableHook
    from causeway_airflow.operators.governance import SyncOperator

    client = shared.client("sagemaker", "data_science")
    version = register_by_itself(shared)
    SyncOperator(task_id="sync").perform(context())
    table = StageTableHook("causeway_governance_recorder")
    record = table.state(ModelPackageArn.parse(version)).records[Stage.DEVELOPMENT]
    assert record.status is Status.QUARANTINED
    assert table.state(ModelPackageArn.parse(version)).promotion is None
    assert client.describe_pipeline(PipelineName="theirs")


def register_by_itself(platform: LocalPlatform) -> str:
    """Have somebody's pipeline register into the shared group; return the version's ARN."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    all_of_it = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam = platform.client("iam", "data_science")
    role = iam.create_role(
        RoleName="theirs",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="theirs",
        PolicyName="all",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [all_of_it]}),
    )
    image = "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:3.0-5"
    package = {
        "ModelPackageGroupName": GROUP,
        "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {
            "Containers": [{"Image": image, "ModelDataUrl": f"s3://{BUCKET}/jobs/model.tar.gz"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    }
    steps = [{"Name": "Register", "Type": "RegisterModel", "Arguments": package}]
    client = platform.client("sagemaker", "data_science")
    client.create_pipeline(
        PipelineName="theirs",
        RoleArn=role,
        PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": steps}),
    )
    arn = client.start_pipeline_execution(PipelineName="theirs")["PipelineExecutionArn"]
    until, status = time.monotonic() + 30, "Executing"
    while status == "Executing" and time.monotonic() < until:
        execution = client.describe_pipeline_execution(PipelineExecutionArn=arn)
        status = execution["PipelineExecutionStatus"]
        time.sleep(0.1)
    (step,) = client.list_pipeline_execution_steps(PipelineExecutionArn=arn)[
        "PipelineExecutionSteps"
    ]
    assert status == "Succeeded", step
    return str(step["Metadata"]["RegisterModel"]["Arn"])
