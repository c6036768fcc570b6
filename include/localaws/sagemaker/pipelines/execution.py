"""One execution of a pipeline: its steps, their states and their events."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from localaws.kit.capabilities import Events, TimedEvents
from localaws.sagemaker.pipelines.definition import Definition, Step

ENDED = ("Succeeded", "Failed", "Stopped")
EXECUTION_EVENT = "SageMaker Model Building Pipeline Execution Status Change"
STEP_EVENT = "SageMaker Model Building Pipeline Execution Step Status Change"


@dataclass
class StepRun:
    """A started step; `metadata` and `properties` are set as soon as its work exists."""

    step: Step
    started: datetime
    status: str = "Starting"
    ended: datetime | None = None
    failure: str | None = None
    metadata: dict[str, dict[str, Any]] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    outcome: bool | None = None
    attempts: int = 1

    def describe(self) -> dict[str, Any]:
        """Return the step as `ListPipelineExecutionSteps` shows it."""
        description: dict[str, Any] = {
            "StepName": self.step.name,
            "StartTime": self.started,
            "StepStatus": self.status,
            "AttemptCount": self.attempts,
            "Metadata": self.metadata,
        }
        more = {
            "StepDisplayName": self.step.display_name,
            "StepDescription": self.step.description,
            "EndTime": self.ended,
            "FailureReason": self.failure,
        }
        return description | {name: value for name, value in more.items() if value}


@dataclass
class Execution:
    """An execution; `lock` guards the state that the API reads and its thread writes."""

    arn: str
    id: str
    pipeline_name: str
    pipeline_arn: str
    role_arn: str
    text: str
    definition: Definition
    parameters: dict[str, Any]
    created: datetime
    created_by: dict[str, Any]
    request: dict[str, Any] = field(default_factory=dict)
    limit: int = 50
    status: str = "Executing"
    failure: str | None = None
    modified: datetime | None = None
    steps: dict[str, StepRun] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.status in ENDED

    @property
    def started_parameters(self) -> list[dict[str, str]]:
        """The parameters that it was started with, as texts."""
        return [dict(parameter) for parameter in self.request.get("PipelineParameters") or []]

    def move(self, aws: TimedEvents, status: str, failure: str | None = None) -> None:
        """Enter a status and announce it."""
        with self.lock:
            before, self.status = self.status, status
            self.failure, self.modified = failure, aws.clock.now()
        self.announce(aws, None if before == status else before)

    def announce(self, events: Events, before: str | None) -> None:
        """Emit the event of the execution's status."""
        detail = {
            "pipelineExecutionDisplayName": self.request.get("PipelineExecutionDisplayName"),
            "pipelineExecutionDescription": self.request.get("PipelineExecutionDescription"),
            "currentPipelineExecutionStatus": self.status,
            "previousPipelineExecutionStatus": before,
            "executionStartTime": _instant(self.created),
            "executionEndTime": _instant(self.modified) if self.ended else None,
        }
        self._emit(events, EXECUTION_EVENT, detail)

    def move_step(
        self, aws: TimedEvents, run: StepRun, status: str, failure: str | None = None
    ) -> None:
        """Change the status of a step and announce it."""
        with self.lock:
            before, run.status, run.failure = run.status, status, failure
            if status in ENDED:
                run.ended = aws.clock.now()
        detail = {
            "stepName": run.step.name,
            "stepType": run.step.type,
            "stepStartTime": _instant(run.started),
            "stepEndTime": _instant(run.ended),
            "currentStepStatus": status,
            "previousStepStatus": None if before == status else before,
            "metadata": {
                _lower(k): {_lower(n): v for n, v in m.items()} for k, m in run.metadata.items()
            },
            "failureReason": failure,
        }
        self._emit(aws, STEP_EVENT, detail)

    def _emit(self, events: Events, kind: str, detail: dict[str, Any]) -> None:
        account, region = self.arn.split(":")[4], self.arn.split(":")[3]
        places = {"pipelineArn": self.pipeline_arn, "pipelineExecutionArn": self.arn}
        content = {name: value for name, value in {**places, **detail}.items() if value is not None}
        resources = [self.pipeline_arn, self.arn]
        events.emit(account, region, "aws.sagemaker", kind, content, resources)


def _instant(when: datetime | None) -> str | None:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else None


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
