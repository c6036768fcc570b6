"""SageMaker pipelines: executions are found by display name, which follows from the inputs."""

from __future__ import annotations

from typing import Any

from causeway.errors import JobFailed
from causeway.names import ORDINALS, attempt_name
from causeway.statuses import Meaning, meaning
from causeway.training.pipelines import PipelineRun
from causeway_airflow.hooks.base import AwsCallError, CausewayHook
from causeway_airflow.hooks.jobs import JobInterrupted

Steps = dict[str, dict[str, Any]]


class PipelinesHook(CausewayHook):
    """The pipelines of one account."""

    service = "sagemaker"

    def find(self, name: str) -> dict[str, Any] | None:
        """Return a pipeline, or None when there is none of that name."""
        try:
            return self.call("describe_pipeline", PipelineName=name)
        except AwsCallError as error:
            if error.missing:
                return None
            raise

    def start(self, run: PipelineRun, name: str, token: str) -> str:
        """Start an execution under a display name and return its ARN."""
        reply = self.call(
            "start_pipeline_execution",
            PipelineName=run.pipeline,
            PipelineExecutionDisplayName=name,
            PipelineParameters=[
                {"Name": key, "Value": value} for key, value in sorted(run.parameters.items())
            ],
            ClientRequestToken=token,
        )
        return str(reply["PipelineExecutionArn"])

    def definition(self, arn: str) -> str:
        """Return the definition that an execution runs."""
        reply = self.call("describe_pipeline_definition_for_execution", PipelineExecutionArn=arn)
        return str(reply["PipelineDefinition"])

    def attempts(self, run: PipelineRun) -> list[dict[str, Any]]:
        """Return the summaries of the attempts that exist, in order, without a gap."""
        executions = {
            summary.get("PipelineExecutionDisplayName"): summary
            for summary in self.pages(
                "list_pipeline_executions",
                "PipelineExecutionSummaries",
                PipelineName=run.pipeline,
                MaxResults=100,
            )
        }
        attempts: list[dict[str, Any]] = []
        for attempt in range(1, ORDINALS + 1):
            execution = executions.get(attempt_name(run.name, attempt))
            if execution is None:
                break
            attempts.append(execution)
        return attempts

    def describe(self, arn: str) -> dict[str, Any]:
        """Return an execution."""
        return self.call("describe_pipeline_execution", PipelineExecutionArn=arn)

    def meaning(self, description: dict[str, Any]) -> Meaning:
        """Return what the status of an execution means."""
        return meaning("PipelineExecutionStatus", str(description["PipelineExecutionStatus"]))

    def progress(self, arn: str, cursor: dict[str, str]) -> list[str]:
        """Return a line for each step whose state changed since the last call.

        `cursor` holds the state that each step was last in; the caller keeps it.
        """
        lines = []
        for name, step in self.steps(arn).items():
            status = str(step["StepStatus"])
            if cursor.get(name) != status:
                cursor[name] = status
                lines.append(f"step {name}: {status} {step.get('FailureReason', '')}".rstrip())
        return lines

    def steps(self, arn: str) -> Steps:
        """Return the steps that were begun, in that order, by name."""
        steps = self.pages(
            "list_pipeline_execution_steps",
            "PipelineExecutionSteps",
            PipelineExecutionArn=arn,
            SortOrder="Ascending",
            MaxResults=100,
        )
        return {str(step["StepName"]): step for step in steps}

    def stop(self, arn: str) -> None:
        """Stop an execution; one that has ended stays as it is."""
        try:
            self.call("stop_pipeline_execution", PipelineExecutionArn=arn)
        except AwsCallError as error:
            if self.meaning(self.describe(arn)) is Meaning.WAITING:
                raise
            self.log.info("%s had ended already: %s", arn, error.text)

    def failure(self, arn: str, description: dict[str, Any]) -> JobFailed:
        """Return the error that says why an execution did not succeed, with each step's reason."""
        status = description["PipelineExecutionStatus"]
        reasons = [
            f"{name}: {step['FailureReason']}"
            for name, step in self.steps(arn).items()
            if step.get("FailureReason")
        ]
        said = "; ".join(reasons) or description.get("FailureReason") or "no reason given"
        # A platform's own failure may pass; a script's, a request's and a gate's come again.
        passing = "InternalServerError" in said
        return (JobInterrupted if passing else JobFailed)(
            f"pipeline execution {arn} ended {status}: {said}",
            principal=self.principal,
            next_step="Fix what the step says and run again; the same inputs once more take the "
            "next ordinal.",
        )
