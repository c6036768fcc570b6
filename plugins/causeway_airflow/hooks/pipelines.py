"""SageMaker pipelines: brought to the wanted definition, executions found by name and followed.

An execution is known by its display name, which follows from its inputs; the same attempt has the
same request token, so that two tasks that start it at once start one.
"""

from __future__ import annotations

from typing import Any

from causeway.errors import JobFailed, NameTaken, UnexpectedState
from causeway.names import attempt_name
from causeway.statuses import Meaning, meaning
from causeway.training.adoption import Adoption, DescribedJob, next_job
from causeway.training.pipelines import (
    EVALUATE,
    EVALUATION,
    PARTS,
    PREPROCESS,
    TRAIN,
    PipelineRun,
)
from causeway_airflow.hooks.base import AwsCallError, CausewayHook
from causeway_airflow.hooks.jobs import JobInterrupted, JobsHook

Steps = dict[str, dict[str, Any]]


class PipelinesHook(CausewayHook):
    """The pipelines of one account."""

    service = "sagemaker"

    def ensure(self, run: PipelineRun, role_arn: str) -> str:
        """Bring the pipeline to the wanted definition and role; `created`, `updated`, `unchanged`.

        Raises `AwsCallError` when the definition is refused.
        """
        wanted = {"PipelineDefinition": run.definition, "RoleArn": role_arn}
        try:
            found = self.call("describe_pipeline", PipelineName=run.pipeline)
        except AwsCallError as error:
            if not error.missing:
                raise
            try:
                self.call("create_pipeline", PipelineName=run.pipeline, **wanted)
            except AwsCallError as raced:
                if not raced.exists:
                    raise
                return self.ensure(run, role_arn)  # somebody made it since it was described
            return "created"
        if all(found.get(name) == value for name, value in wanted.items()):
            return "unchanged"
        self.call("update_pipeline", PipelineName=run.pipeline, **wanted)
        return "updated"

    def start(self, run: PipelineRun) -> tuple[str, bool]:
        """Start the next attempt, or adopt the one that runs or is done: its ARN, and whether so.

        Raises `JobFailed` when the last allowed attempt failed, `NameTaken` when an execution of
        that name runs another definition.
        """
        attempts = self.attempts(run)
        described = [
            DescribedJob(
                name=one["PipelineExecutionDisplayName"],
                status=one["PipelineExecutionStatus"],
                failure_reason=str(one.get("PipelineExecutionFailureReason", "")),
            )
            for one in attempts
        ]
        step = next_job(run.name, described, run.max_attempts, enum="PipelineExecutionStatus")
        if step.action is Adoption.CREATE:
            arn = str(
                self.call(
                    "start_pipeline_execution",
                    PipelineName=run.pipeline,
                    PipelineExecutionDisplayName=step.name,
                    PipelineParameters=[
                        {"Name": name, "Value": value}
                        for name, value in sorted(run.parameters.items())
                    ],
                    ClientRequestToken=run.token(step.attempt),
                )["PipelineExecutionArn"]
            )
        else:
            arn = str(attempts[step.attempt - 1]["PipelineExecutionArn"])
        runs = self.call("describe_pipeline_definition_for_execution", PipelineExecutionArn=arn)
        if runs["PipelineDefinition"] != run.definition:
            raise NameTaken(
                f"{arn} runs another definition of pipeline {run.pipeline} than this training's",
                principal=self.principal,
                next_step="The pipeline was changed meanwhile: stop that execution, run again.",
            )
        return arn, step.action is not Adoption.CREATE

    def attempts(self, run: PipelineRun) -> list[dict[str, Any]]:
        """Return the summaries of the attempts that exist, in order, without a gap."""
        found = {
            one.get("PipelineExecutionDisplayName"): one
            for one in self.pages(
                "list_pipeline_executions",
                "PipelineExecutionSummaries",
                PipelineName=run.pipeline,
                MaxResults=100,
            )
        }
        attempts: list[dict[str, Any]] = []
        for attempt in range(1, run.max_attempts + 1):
            one = found.get(attempt_name(run.name, attempt))
            if one is None:
                break
            attempts.append(one)
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
        found = self.pages(
            "list_pipeline_execution_steps",
            "PipelineExecutionSteps",
            PipelineExecutionArn=arn,
            SortOrder="Ascending",
            MaxResults=100,
        )
        return {str(one["StepName"]): one for one in found}

    def stop(self, arn: str) -> None:
        """Stop an execution; one that has ended stays as it is."""
        try:
            self.call("stop_pipeline_execution", PipelineExecutionArn=arn)
        except AwsCallError as error:
            if self.meaning(self.describe(arn)) is Meaning.WAITING:
                raise
            self.log.info("%s had ended already: %s", arn, error.text)

    def result(self, arn: str, jobs: JobsHook) -> dict[str, Any]:
        """Return what an execution made, as the task route's jobs would hand it over.

        `{"execution", "outputs": {"parts", "evaluation"}, "jobs": [result of the training job]}`
        """
        steps = self.steps(arn)
        outputs = {}
        for name, output in ((PREPROCESS, PARTS), (EVALUATE, EVALUATION)):
            made = jobs.result("processing", self._job(steps, name, jobs))
            outputs[output] = made["outputs"][output]
        trained = jobs.result("training", self._job(steps, TRAIN, jobs))
        return {"execution": arn, "outputs": outputs, "jobs": [trained]}

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
            next_step="Mend what the step says and run again; the same inputs once more take the "
            "next ordinal.",
        )

    def _job(self, steps: Steps, name: str, jobs: JobsHook) -> dict[str, Any]:
        metadata = steps.get(name, {}).get("Metadata", {})
        kind = "training" if "TrainingJob" in metadata else "processing"
        arn = str(metadata.get(f"{kind.capitalize()}Job", {}).get("Arn", ""))
        found = jobs.describe(kind, arn.rpartition("/")[2]) if arn else None  # type: ignore[arg-type]
        if found is None:
            raise UnexpectedState(
                f"the execution has no job for its step {name}",
                principal=self.principal,
                next_step="Look at the pipeline's steps: is it ours?",
            )
        return found
