"""Pipelines of small scripts: made, started, followed."""

from __future__ import annotations

import itertools
import json
from typing import Any

from tests.localaws.sagemaker.work import IMAGE, Workshop
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
