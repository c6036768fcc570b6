"""The demonstration: a use case's model from a raw file to production, watched while it runs.

It does what people do: it triggers DAGs through Airflow's REST API as an ML engineer and approves
in the registry as two other people. The DAGs do everything else.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from causeway.errors import ConfigError
from causeway.topology.accounts import load_topology
from causeway.use_cases.people import require_people
from causeway.use_cases.use_case import ModelSpec, UseCase, use_case
from stack import layout, outcome
from stack.airflow_api import FINISHED, TASK_FAILED, Airflow, Run
from stack.decisions import decide, people
from stack.processes import StackError
from stack.show import Progress, Step, in_words, show_result
from stack.up import down, running, up

PLATFORM = {"platform__accounts", "platform__sharing", "platform__governance_sync"}
STEP_SECONDS = 600.0
T = TypeVar("T")


@dataclass
class Demo:
    """One demonstration on a running stack."""

    local: dict[str, Any]
    progress: Progress
    case: UseCase
    data: str | None
    seed: int | None
    airflow: Airflow = field(init=False)
    administrator: Airflow = field(init=False)

    def __post_init__(self) -> None:
        self.airflow = self._sign_in("ml-engineer")
        self.administrator = self._sign_in("platform-admin")

    def _sign_in(self, person: str) -> Airflow:
        airflow = self.local["airflow"]
        return Airflow(airflow["url"], person, airflow["users"][person]["password"])

    @property
    def model(self) -> ModelSpec:
        """The use case's first model, which is the one that is taken to production."""
        return self.case.models[0]

    @property
    def dags(self) -> set[str]:
        """The DAGs that the demonstration needs."""
        name = self.model.name
        own = {f"{self.case.id}__features", f"{name}__training", f"{name}__promotion"}
        return PLATFORM | own

    def play(self) -> dict[str, Any]:
        """Take the model to production and return what `.causeway/demo.json` says of it."""
        with self.progress.step("Airflow reads the DAGs"):
            self.airflow.wait_until_parsed(self.dags, 60)
        training_dag = f"{self.model.name}__training"
        before = self._runs("platform__sharing") | self._runs(training_dag)
        self._dag("accounts: model groups, experiments", "platform__accounts", {}, admin=True)
        self._started("sharing across accounts", "platform__sharing", before)
        conf = {"data": self.data or "sample"}
        self._dag("raw file to feature groups", f"{self.case.id}__features", conf)
        training = self._train(training_dag, before)
        registered = self.administrator.xcom(training, "register")
        if not registered:
            raise StackError(f"{training.dag_id} ({training.run_id}) registered no version")
        version_arn = str(registered["version_arn"])
        self._promote(version_arn, outcome.version_label(version_arn))
        with self.progress.step("a prediction from the production account") as step:
            prediction = outcome.predict(self.local, self.model, registered)
            step.detail = in_words(prediction)
        return outcome.summary(self.local, self.case, version_arn, self.data, prediction)

    def _dag(self, name: str, dag_id: str, conf: dict[str, Any], *, admin: bool = False) -> Run:
        with self.progress.step(name) as step:
            run = (self.administrator if admin else self.airflow).trigger(dag_id, conf)
            return self._follow(step, run)

    def _train(self, dag_id: str, before: set[str]) -> Run:
        """Follow the run that the features' assets start; with a seed, start one by hand."""
        if self.seed is not None:
            return self._dag("training and registration", dag_id, {"seed": self.seed})
        return self._started("training and registration", dag_id, before)

    def _runs(self, dag_id: str) -> set[str]:
        return {run.run_id for run in self.administrator.runs(dag_id)}

    def _started(self, name: str, dag_id: str, before: set[str]) -> Run:
        """Follow the run that an asset starts; `before` are the ids of runs that are not it."""

        def started() -> Run | None:
            runs = self.administrator.runs(dag_id)
            return next((run for run in runs if run.run_id not in before), None)

        with self.progress.step(name) as step:
            return self._follow(step, self._until(started, f"no {dag_id} run was started"))

    def _follow(self, step: Step, run: Run) -> Run:
        """Wait for a run to end; raise with the failing task's log when it fails."""

        def ended() -> Run | None:
            current = self.administrator.run(run.dag_id, run.run_id)
            if current is None or current.state not in FINISHED:
                step.detail = self._working_on(run)
                return None
            return current

        finished = self._until(ended, f"{run.dag_id} did not end")
        if finished.state == "failed":
            raise StackError(self.administrator.failure(finished))
        step.detail = run.dag_id
        return finished

    def _working_on(self, run: Run) -> str:
        """Return which tasks of a run are running, and which wait for their next attempt."""
        tasks = self.administrator.tasks(run)
        busy = {t["task_id"] for t in tasks if t["state"] in ("running", "deferred")}
        again = {f"{t['task_id']} (again)" for t in tasks if t["state"] == "up_for_retry"}
        return ", ".join(sorted(busy | again))

    def _promote(self, version_arn: str, label: str) -> None:
        with self.progress.step(f"governance notices {label}") as step:
            run = self._until(lambda: self._promotion_of(label), f"no promotion of {label} started")
            step.detail = run.run_id
        if run.state == "success":
            return
        owner, officer = (self._decides(stage) for stage in ("test", "production"))
        with self.progress.step(f"{owner} approves for test") as step:
            self._waits_at(run, "approval_for_test", step)
            reason = "validation metrics meet the gate"
            step.detail = decide(self.local, version_arn, "test", owner, reason, approve=True)
        with self.progress.step("deployment and test in the test account") as step:
            self._waits_at(run, "approval_for_production", step)
        with self.progress.step(f"{officer} approves for production") as step:
            reason = "test metrics meet the gate"
            step.detail = decide(
                self.local, version_arn, "production", officer, reason, approve=True
            )
        with self.progress.step("deployment to production") as step:
            self._follow(step, run)

    def _decides(self, stage: str) -> str:
        """Return the first person who may decide and has a key here."""
        entitled = people(self.model, stage)
        keys = self.local["people"]
        here = [name for name in entitled if stage in keys.get(name, {}).get("roles", {})]
        if not here:
            raise StackError(
                f"nobody of {', '.join(entitled)} can decide on {stage} here: the topology gives "
                "them no IAM user as `principal`, or no `decides`"
            )
        return here[0]

    def _promotion_of(self, label: str) -> Run | None:
        runs = [
            r
            for r in self.administrator.runs(f"{self.model.name}__promotion")
            if r.run_id.startswith(f"{label}-")
        ]
        return runs[0] if runs else None

    def _waits_at(self, run: Run, task_id: str, step: Step) -> None:
        """Wait until a run's approval sensor waits (or has already been answered)."""

        def reached() -> bool | None:
            for task in self.administrator.tasks(run):
                if task["state"] in TASK_FAILED:
                    raise StackError(self.administrator.failure(run))
                if task["task_id"] == task_id and task["state"] in ("deferred", "success"):
                    return True
            step.detail = self._working_on(run)
            return None

        self._until(reached, f"{run.run_id} did not reach {task_id}")

    def _until(self, look: Callable[[], T | None], problem: str) -> T:
        until = time.monotonic() + STEP_SECONDS
        while time.monotonic() < until:
            answer = look()
            if answer:
                return answer
            time.sleep(0.4)
        raise StackError(f"{problem} within {STEP_SECONDS:.0f} s")


def run(console: Console, *, use_case_id: str, data: str | None, seed: int | None) -> int:
    """Play the demonstration; a stack that it started itself is stopped at the end."""
    started = time.monotonic()
    data = _raw_file(data)
    try:
        case = use_case(use_case_id)
        require_people((case,), load_topology(layout.TOPOLOGY))
    except (ConfigError, FileNotFoundError) as error:
        raise StackError(f"USE_CASE={use_case_id}: {error}") from error
    progress = Progress(console)
    local = running()
    own_stack = local is None
    try:
        if local is None:
            with progress.step("local AWS, MLflow and Airflow start") as step:
                local = up(lambda line: setattr(step, "detail", line.split("  ")[0]))
        demo = Demo(local, progress, case, data, seed)
        result = demo.play()
        result["steps"] = [{"name": s.name, "seconds": s.seconds} for s in progress.steps]
        result["seconds"] = time.monotonic() - started
        layout.DEMO.parent.mkdir(exist_ok=True)
        layout.DEMO.write_text(json.dumps(result, indent=2))
        show_result(console, result, local, stays=not own_stack)
        if own_stack:
            console.print("stopping it all; after `make up` a demo's Airflow and MLflow stay")
    except StackError as error:
        console.print("\n[bold red]the demonstration failed:[/]")
        console.print(str(error), markup=False)
        return 1
    finally:
        if own_stack:
            down(lambda _: None, quiet=True)
    return 0


def _raw_file(data: str | None) -> str | None:
    """Return the raw file for the DAG's form: a file is copied into the inbox, and named there."""
    if data in (None, "sample", "published") or "://" in data:
        return data
    path = Path(data).expanduser()
    if not path.is_file():
        raise StackError(
            f"DATA={data}: there is no such file; give a path, an s3:// URI or `published`"
        )
    layout.INBOX.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(path, layout.INBOX / path.name)
    return path.name
