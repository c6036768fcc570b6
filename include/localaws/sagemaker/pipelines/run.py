"""The run of an execution: starts each step when its dependencies have ended.

After a step has failed, running steps continue and no other is started, as on SageMaker. The steps
of a condition's other branch are never started.
"""

from __future__ import annotations

import logging
import time

from localaws.kit.capabilities import Host
from localaws.sagemaker.machine.failures import LIMIT, WorkFailedError
from localaws.sagemaker.pipelines.definition import Step
from localaws.sagemaker.pipelines.execution import Execution, StepRun
from localaws.sagemaker.pipelines.steps import StepWork
from localaws.sagemaker.roles import PRINCIPAL

log = logging.getLogger(__name__)
POLL = 0.1  # real seconds between checks of the jobs
STEP_FAILURE = "Step failure: One or multiple steps failed."


def run(host: Host, execution: Execution) -> None:
    """Run an execution to one of its final states; never raises."""
    try:
        credentials = host.assume(execution.role_arn, "SageMakerPipelines", PRINCIPAL)
        work = StepWork(host, execution, credentials)
        work.prepare()
        _PipelineRun(host, execution, work).run()
    except WorkFailedError as failure:
        execution.move(host, "Failed", failure.reason[:LIMIT])
    except Exception:
        log.exception("execution %s: the local AWS failed", execution.arn)
        execution.move(host, "Failed", "InternalServerError: the local AWS failed; see its log")


class _PipelineRun:
    def __init__(self, host: Host, execution: Execution, work: StepWork) -> None:
        self.host, self.execution, self.work = host, execution, work

    def run(self) -> None:
        execution = self.execution
        while True:
            for step_run in self._running():
                self._look(step_run)
            if execution.stopping.is_set():
                if not self._running():
                    execution.move(self.host, "Stopped")
                    return
            elif not self._failed():
                for step in self._ready():
                    self._begin(step)
            if not self._running() and (self._failed() or not self._ready()):
                break
            time.sleep(POLL)
        failed = self._failed()
        status = "Stopped" if execution.stopping.is_set() else "Failed" if failed else "Succeeded"
        reason = next(
            (step_run.failure for step_run in failed if step_run.step.type == "Fail"), STEP_FAILURE
        )
        execution.move(self.host, status, reason if status == "Failed" else None)

    def _running(self) -> list[StepRun]:
        return [s for s in self.execution.steps.values() if s.status in ("Executing", "Stopping")]

    def _failed(self) -> list[StepRun]:
        return [
            step_run for step_run in self.execution.steps.values() if step_run.status == "Failed"
        ]

    def _ready(self) -> list[Step]:
        begun = self.execution.steps
        room = self.execution.limit - len(self._running())
        ready = [
            step
            for step in self.execution.definition.steps.values()
            if step.name not in begun
            and all(name in begun and begun[name].status == "Succeeded" for name in step.needs)
            and (step.guard is None or begun[step.guard[0]].outcome is step.guard[1])
        ]
        return ready[: max(0, room)]

    def _begin(self, step: Step) -> None:
        run = StepRun(step, self.host.clock.now())
        with self.execution.lock:
            self.execution.steps[step.name] = run
        self.execution.move_step(self.host, run, "Starting")
        try:
            self.work.begin(run)
        except WorkFailedError as failure:
            self._fail(run, failure)
            return
        self.execution.move_step(self.host, run, "Executing")
        self._look(run)

    def _look(self, run: StepRun) -> None:
        try:
            if self.execution.stopping.is_set() and run.status == "Executing":
                self.execution.move_step(self.host, run, "Stopping")
                self.work.stop(run)
            if self.work.ended(run):
                self.execution.move_step(self.host, run, "Succeeded")
        except WorkFailedError as failure:
            if run.status == "Stopping":
                self.execution.move_step(self.host, run, "Stopped")
            else:
                self._fail(run, failure)

    def _fail(self, run: StepRun, failure: WorkFailedError) -> None:
        log.info("step %s of %s failed: %s", run.step.name, self.execution.arn, failure.reason)
        self.execution.move_step(self.host, run, "Failed", failure.reason[:LIMIT])
