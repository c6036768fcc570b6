"""Pipelines: real jobs under the pipeline's role, branches, stops, retries, other accounts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.kit.service import ServiceError
from localaws.sagemaker.pipelines.definition import read_definition
from tests.accounts import ACCOUNTS, REGION
from tests.localaws.sagemaker.pipelines.pipes import (
    PARAMETERS,
    SLEEP,
    Pipes,
    branching,
    definition,
    step,
    tokens,
)
from tests.localaws.sharing import PIPELINE_EXECUTION, share
from tests.localaws.waiting import eventually


def test_the_taken_branch_registers_what_was_trained(pipes: Pipes) -> None:
    workshop = pipes.workshop
    workshop.sagemaker.create_model_package_group(ModelPackageGroupName="houses")
    executions = workshop.events("SageMaker Model Building Pipeline Execution Status Change")
    changes = workshop.events("SageMaker Model Building Pipeline Execution Step Status Change")
    execution, steps = pipes.run(branching(pipes, "houses"), Parameters=PARAMETERS)
    assert execution["PipelineExecutionStatus"] == "Succeeded", steps
    assert next(iter(steps)) == "Report"
    assert list(steps)[-2:] == ["Register", "Model"]
    assert set(steps) == {"Report", "Train", "Check", "Register", "Model"}
    assert {item["StepStatus"] for item in steps.values()} == {"Succeeded"}
    assert steps["Check"]["Metadata"] == {"Condition": {"Outcome": "True"}}
    name = steps["Train"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    trained = workshop.sagemaker.describe_training_job(TrainingJobName=name)
    version = workshop.sagemaker.describe_model_package(
        ModelPackageName=steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    )
    (container,) = version["InferenceSpecification"]["Containers"]
    assert container["ModelDataUrl"] == trained["ModelArtifacts"]["S3ModelArtifacts"]
    assert version["ModelApprovalStatus"] == "PendingManualApproval"
    pipeline = execution["PipelineArn"].rpartition("/")[2]
    assert version["ModelPackageDescription"] == f"of {pipeline}"
    assert [
        (
            e["detail"].get("previousPipelineExecutionStatus"),
            e["detail"]["currentPipelineExecutionStatus"],
        )
        for e in executions()
    ] == [(None, "Executing"), ("Executing", "Succeeded")]
    events = [
        (e["detail"]["stepName"], e["detail"]["currentStepStatus"])
        for e in changes()
        if e["detail"]["stepName"] == "Train"
    ]
    assert events == [("Train", s) for s in ("Starting", "Executing", "Succeeded")]


def test_the_other_branch_fails_the_execution_with_its_message(pipes: Pipes) -> None:
    parameters = [PARAMETERS[0], {**PARAMETERS[1], "DefaultValue": 0.1}]
    execution, steps = pipes.run(branching(pipes, "houses"), Parameters=parameters)
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert execution["FailureReason"] == "MSE above 0.1"
    assert steps["TooBad"]["Metadata"] == {"Fail": {"ErrorMessage": "MSE above 0.1"}}
    assert "Register" not in steps


def test_a_failed_step_says_the_jobs_reason_and_a_retry_goes_on_from_there(pipes: Pipes) -> None:
    workshop = pipes.workshop
    late = pipes.processing("print('done')")
    late["ProcessingInputs"].append(workshop.input("late", f"s3://{workshop.bucket}/late/"))
    name = pipes.make(
        definition(
            [
                step("First", "Processing", pipes.processing("print('done')")),
                step("Second", "Processing", late, DependsOn=["First"]),
                step("Third", "Training", pipes.training(eta=1), DependsOn=["Second"]),
            ]
        )
    )
    arn = pipes.start(name)
    execution, steps = pipes.follow(arn)
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert execution["FailureReason"] == "Step failure: One or multiple steps failed."
    assert "late" in steps["Second"]["FailureReason"]
    assert "Third" not in steps
    workshop.put("late/file", "1")
    workshop.sagemaker.retry_pipeline_execution(
        PipelineExecutionArn=arn, ClientRequestToken=next(tokens)
    )
    execution, again = pipes.follow(arn)
    assert execution["PipelineExecutionStatus"] == "Succeeded"
    assert again["First"] == steps["First"]
    assert again["Third"]["StepStatus"] == "Succeeded"
    with pytest.raises(ClientError, match="only a failed or stopped one"):
        workshop.sagemaker.retry_pipeline_execution(
            PipelineExecutionArn=arn, ClientRequestToken=next(tokens)
        )


def test_a_role_that_may_not_pass_the_jobs_role_fails_the_step(pipes: Pipes) -> None:
    may = {"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}
    role = pipes.workshop.aws.role("data_science", "may-not-pass", allow=[may])
    execution, steps = pipes.run([step("Train", "Training", pipes.training(eta=1))], role=role)
    assert execution["PipelineExecutionStatus"] == "Failed"
    reason = steps["Train"]["FailureReason"]
    assert "iam:PassRole" in reason
    assert "may-not-pass" in reason


def test_the_same_token_starts_once_and_another_content_is_refused(pipes: Pipes) -> None:
    name = pipes.make(
        definition(
            [step("Stop", "Fail", {"ErrorMessage": {"Get": "Parameters.Why"}})],
            Parameters=[{"Name": "Why", "Type": "String"}],
        )
    )
    request = {
        "PipelineName": name,
        "ClientRequestToken": next(tokens),
        "PipelineParameters": [{"Name": "Why", "Value": "a"}],
        "PipelineExecutionDisplayName": "once",
    }
    first = pipes.client.start_pipeline_execution(**request)["PipelineExecutionArn"]
    assert pipes.client.start_pipeline_execution(**request)["PipelineExecutionArn"] == first
    (listed,) = pipes.client.list_pipeline_executions(PipelineName=name)[
        "PipelineExecutionSummaries"
    ]
    assert listed["PipelineExecutionDisplayName"] == "once"
    with pytest.raises(ClientError, match="other parameters"):
        pipes.client.start_pipeline_execution(
            **{**request, "PipelineParameters": [{"Name": "Why", "Value": "b"}]}
        )
    execution, _ = pipes.follow(first)
    assert execution["FailureReason"] == "a"
    parameters = pipes.client.list_pipeline_parameters_for_execution(PipelineExecutionArn=first)
    assert parameters["PipelineParameters"] == request["PipelineParameters"]


def test_a_stopped_execution_has_stopped_its_job(pipes: Pipes) -> None:
    name = pipes.make(definition([step("Wait", "Processing", pipes.processing(SLEEP))]))
    arn = pipes.start(name)
    eventually(lambda: pipes.steps(arn).get("Wait", {}).get("StepStatus") == "Executing")
    with pytest.raises(ClientError, match="still run"):
        pipes.client.delete_pipeline(PipelineName=name, ClientRequestToken=next(tokens))
    pipes.client.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=next(tokens))
    execution, steps = pipes.follow(arn)
    assert execution["PipelineExecutionStatus"] == steps["Wait"]["StepStatus"] == "Stopped"
    job = steps["Wait"]["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
    assert pipes.workshop.processed(job)["ProcessingJobStatus"] == "Stopped"


def test_an_execution_keeps_the_definition_it_was_started_with(pipes: Pipes) -> None:
    text = definition([step("Stop", "Fail", {"ErrorMessage": "old"})])
    name = pipes.make(text)
    arn = pipes.start(name)
    new = definition([step("Stop", "Fail", {"ErrorMessage": "new"})])
    pipes.client.update_pipeline(PipelineName=name, PipelineDefinition=new)
    assert pipes.client.describe_pipeline(PipelineName=name)["PipelineDefinition"] == new
    definition_reply = pipes.client.describe_pipeline_definition_for_execution(
        PipelineExecutionArn=arn
    )
    assert definition_reply["PipelineDefinition"] == text
    pipes.follow(arn)
    listed = pipes.client.list_pipelines(PipelineNamePrefix=name)["PipelineSummaries"]
    assert [item["PipelineName"] for item in listed] == [name]
    pipes.client.delete_pipeline(PipelineName=name, ClientRequestToken=next(tokens))
    with pytest.raises(ClientError, match="ResourceNotFound"):
        pipes.client.describe_pipeline(PipelineName=name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d | {"Version": "2019"}, "Version must be 2020-12-01"),
        (lambda d: d | {"Steps": []}, "at least one step"),
        (lambda d: d | {"Steps": d["Steps"] * 2}, r"\[A\] is used twice"),
        (lambda d: d | {"Steps": [{"Name": "L", "Type": "Lambda"}]}, "'Lambda', which the local"),
        (lambda d: d | {"PipelineExperimentConfig": {"a": 1}}, "PipelineExperimentConfig"),
        (lambda d: d["Steps"][0].update(CacheConfig={"Enabled": True}) or d, "CacheConfig is not"),
        (lambda d: d["Steps"][0].update(DependsOn=["B"]) or d, r"refers to step \[B\]"),
        (lambda d: d["Steps"][0].update(DependsOn=["A"]) or d, "in a cycle"),
        (
            lambda d: (
                d["Steps"][0].update(Arguments={"ErrorMessage": {"Get": "Parameters.X"}}) or d
            ),
            "gets",
        ),
        (lambda d: d | {"Parameters": [{"Name": "P", "Type": "Date"}]}, "has type 'Date'"),
        (
            lambda d: d | {"Parameters": [{"Name": "P", "Type": "Integer", "DefaultValue": "x"}]},
            "a default not of type Integer",
        ),
    ],
)
def test_what_cannot_be_run_is_refused_when_it_is_made(
    change: Callable[[dict[str, Any]], dict[str, Any]], message: str
) -> None:
    plain = json.loads(definition([step("A", "Fail", {"ErrorMessage": "x"})]))
    assert list(read_definition(json.dumps(plain)).steps) == ["A"]
    with pytest.raises(ServiceError, match=message) as caught:
        read_definition(json.dumps(change(plain)))
    assert caught.value.code == "ValidationException"


def test_parameters_are_checked_when_an_execution_starts(pipes: Pipes) -> None:
    name = pipes.make(
        definition(
            [step("Stop", "Fail", {"ErrorMessage": "x"})],
            Parameters=[{"Name": "Rounds", "Type": "Integer"}],
        )
    )
    for parameters, message in (
        ({}, "do not have default values"),
        ({"Rounds": "many"}, "is not of type Integer"),
        ({"Rounds": "1", "More": "x"}, r"Unknown parameters \[More\]"),
    ):
        with pytest.raises(ClientError, match=message):
            pipes.start(name, **parameters)


def test_another_account_runs_a_pipeline_that_is_shared_with_it_for_execution(
    pipes: Pipes,
) -> None:
    name = pipes.make(definition([step("Stop", "Fail", {"ErrorMessage": "x"})]))
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNTS['data_science']}:pipeline/{name}"
    other = pipes.workshop.aws.client("sagemaker", "prod")
    with pytest.raises(ClientError, match="AccessDenied"):
        other.describe_pipeline(PipelineName=arn)
    share(pipes.workshop.aws, "data_science", "prod", arn, PIPELINE_EXECUTION)
    assert other.describe_pipeline(PipelineName=arn)["PipelineArn"] == arn
    started = other.start_pipeline_execution(PipelineName=arn, ClientRequestToken=next(tokens))
    execution, _ = pipes.follow(started["PipelineExecutionArn"])
    assert execution["FailureReason"] == "x"
    steps = other.list_pipeline_execution_steps(
        PipelineExecutionArn=started["PipelineExecutionArn"]
    )
    assert len(steps["PipelineExecutionSteps"]) == 1
    with pytest.raises(ClientError, match="does not exist"):
        other.update_pipeline(PipelineName=name, PipelineDescription="theirs")


def test_an_execution_has_an_experiment_and_a_trial_with_its_jobs(pipes: Pipes) -> None:
    config = {
        "ExperimentName": {"Get": "Execution.PipelineName"},
        "TrialName": {"Get": "Execution.PipelineExecutionId"},
    }
    steps = [step("Work", "Processing", pipes.processing("pass"))]
    name = pipes.make(definition(steps, PipelineExperimentConfig=config))
    trials = []
    for _ in range(2):  # the experiment is there at the second execution
        arn = pipes.start(name)
        execution, _steps = pipes.follow(arn)
        assert execution["PipelineExecutionStatus"] == "Succeeded", execution
        trials.append(arn.rpartition("/")[2])
    client = pipes.client
    assert client.describe_experiment(ExperimentName=name)["ExperimentName"] == name
    listed = client.list_trials(ExperimentName=name)["TrialSummaries"]
    assert {trial["TrialName"] for trial in listed} == set(trials)
    components = client.list_trial_components(TrialName=trials[0])["TrialComponentSummaries"]
    (component,) = components
    assert component["TrialComponentSource"]["SourceType"] == "SageMakerProcessingJob"


def test_a_pipeline_without_the_right_to_make_an_experiment_fails(pipes: Pipes) -> None:
    workshop = pipes.workshop
    role = workshop.aws.role(workshop.account, "no-experiments", allow=[])
    config = {"ExperimentName": "denied", "TrialName": {"Get": "Execution.PipelineExecutionId"}}
    steps = [step("End", "Fail", {"ErrorMessage": "unreached"})]
    execution, done = pipes.run(steps, role=role, PipelineExperimentConfig=config)
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert "sagemaker:DescribeExperiment" in execution["FailureReason"]
    assert done == {}
