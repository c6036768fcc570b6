"""Pipelines: real jobs under the pipeline's role, branches, stops, retries, other accounts."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.kit.service import ServiceError
from localaws.sagemaker.pipelines.definition import read_definition
from tests.accounts import ACCOUNTS, REGION
from tests.localaws.sagemaker.work import IMAGE, Workshop
from tests.localaws.sharing import PIPELINE_EXECUTION, share
from tests.localaws.waiting import eventually

ENDED = ("Succeeded", "Failed", "Stopped")
REPORT = """
import json, pathlib, sys
out = pathlib.Path(sys.argv[-2].partition("=")[2])
out.mkdir(parents=True, exist_ok=True)
(out / "report.json").write_text(json.dumps({"regression_metrics": {"mse": {"value": 0.2}}}))
assert sys.argv[-1] == "value-of-parameter", sys.argv
"""
TRAIN = """
import os, pathlib
(pathlib.Path(os.environ["SM_MODEL_DIR"]) / "weights").write_text(os.environ["SM_HP_ETA"])
"""
SLEEP = "import time; time.sleep(60)"
tokens = map("token-{:032d}".format, itertools.count())
names = map("pipe{}".format, itertools.count())


def step(name: str, kind: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": kind, "Arguments": arguments, **more}


def definition(steps: list[dict[str, Any]], **more: Any) -> str:
    return json.dumps({"Version": "2020-12-01", "Steps": steps, **more})


class Pipes:
    """Makes pipelines in a workshop and follows their executions."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop, self.client = workshop, workshop.sagemaker

    def processing(self, script: str, **more: Any) -> dict[str, Any]:
        request = self.workshop.processing_request(next(names), script, **more)
        return {k: v for k, v in request.items() if k != "ProcessingJobName"}

    def training(self, **hyperparameters: Any) -> dict[str, Any]:
        request = self.workshop.training_request(next(names), TRAIN, hyperparameters)
        return {k: v for k, v in request.items() if k != "TrainingJobName"}

    def make(self, text: str, role: str | None = None) -> str:
        name = next(names)
        self.client.create_pipeline(
            PipelineName=name,
            PipelineDefinition=text,
            RoleArn=role or self.workshop.role,
            ClientRequestToken=next(tokens),
        )
        return name

    def start(self, name: str, **parameters: str) -> str:
        reply = self.client.start_pipeline_execution(
            PipelineName=name,
            ClientRequestToken=next(tokens),
            PipelineParameters=[{"Name": k, "Value": v} for k, v in parameters.items()],
        )
        return str(reply["PipelineExecutionArn"])

    def follow(self, arn: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        def look() -> Any:
            execution = self.client.describe_pipeline_execution(PipelineExecutionArn=arn)
            return execution if execution["PipelineExecutionStatus"] in ENDED else None

        return dict(eventually(look, 60)), self.steps(arn)

    def steps(self, arn: str) -> dict[str, dict[str, Any]]:
        reply = self.client.list_pipeline_execution_steps(
            PipelineExecutionArn=arn, SortOrder="Ascending"
        )
        return {item["StepName"]: item for item in reply["PipelineExecutionSteps"]}

    def run(
        self, steps: list[dict[str, Any]], *, role: str | None = None, **more: Any
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        return self.follow(self.start(self.make(definition(steps, **more), role)))


@pytest.fixture(scope="module")
def pipes(workshop: Workshop) -> Pipes:
    return Pipes(workshop)


def branching(pipes: Pipes, group: str) -> list[dict[str, Any]]:
    """Process, train, decide on the report, register what was trained."""
    process = pipes.processing(REPORT)
    process["AppSpecification"]["ContainerArguments"].append({"Get": "Parameters.Word"})
    model = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
    container = {"Image": IMAGE, "ModelDataUrl": model}
    register = {
        "ModelPackageGroupName": group,
        "ModelApprovalStatus": "PendingManualApproval",
        "ModelPackageDescription": {
            "Std:Join": {"On": " ", "Values": ["of", {"Get": "Execution.PipelineName"}]}
        },
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    }
    mse = {
        "Std:JsonGet": {
            "PropertyFile": {"Get": "Steps.Report.PropertyFiles.Metrics"},
            "Path": "regression_metrics.mse.value",
        }
    }
    bound = {"Get": "Parameters.MaxMse"}
    return [
        step(
            "Check",
            "Condition",
            {
                "Conditions": [
                    {"Type": "LessThanOrEqualTo", "LeftValue": mse, "RightValue": bound}
                ],
                "IfSteps": [
                    step("Register", "RegisterModel", register),
                    step(
                        "Model",
                        "Model",
                        {"ExecutionRoleArn": pipes.workshop.role, "PrimaryContainer": container},
                    ),
                ],
                "ElseSteps": [
                    step(
                        "TooBad",
                        "Fail",
                        {"ErrorMessage": {"Std:Join": {"Values": ["MSE above ", bound]}}},
                    )
                ],
            },
        ),
        step("Train", "Training", pipes.training(eta=0.5), DependsOn=["Report"]),
        step(
            "Report",
            "Processing",
            process,
            PropertyFiles=[
                {"PropertyFileName": "Metrics", "OutputName": "out", "FilePath": "report.json"}
            ],
        ),
    ]


PARAMETERS = [
    {"Name": "Word", "Type": "String", "DefaultValue": "value-of-parameter"},
    {"Name": "MaxMse", "Type": "Float", "DefaultValue": 0.75},
]


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
