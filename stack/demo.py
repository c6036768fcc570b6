"""The demonstration: a use case's model from a raw file to production, watched while it runs.

It does what the people of the use case do: it triggers DAGs through Airflow's REST API as the one
who trains, and approves in the registry as two others. The DAGs do everything else.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shlex
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from causeway.errors import ConfigError
from causeway.ingestion.samples import script_of
from causeway.training.candidates import candidates
from causeway.use_cases.files import first_line, use_case_among
from causeway.use_cases.use_case import ModelSpec, UseCase
from stack import layout, lock, outcome
from stack.airflow_api import FINISHED, TASK_FAILED, Airflow, Run
from stack.decisions import decide, people, refusals
from stack.local_topology import local_topology
from stack.processes import StackError
from stack.raw_files import by_source, deliveries, example
from stack.running import explained, full_disk, lost, running
from stack.show import Progress, Step, show_result
from stack.up import down, up
from stack.watcher import notes

PLATFORM = {"platform__accounts", "platform__sharing", "platform__governance_sync"}
STEP_SECONDS = 600.0
ANSWER_SECONDS = 60.0
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
    #: Who decided on which stage.
    decided: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        trainer = local_topology().people[self.model.trainer]
        self.airflow = self._sign_in(trainer.airflow_user)
        self.administrator = self._sign_in("platform-admin")

    def _sign_in(self, log_in: str) -> Airflow:
        airflow = self.local["airflow"]
        if log_in not in airflow["users"]:
            raise StackError(
                f"{log_in} has no log-in in the running Airflow, which was started before the "
                "topology named them: make down, then make up"
            )
        return Airflow(airflow["url"], log_in, airflow["users"][log_in]["password"])

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
        for conf in deliveries(self.case, self.data):
            of = f" of {conf['source']}" if "source" in conf else ""
            self._dag(f"raw file{of} to feature groups", f"{self.case.id}__features", conf)
        training = self._train(training_dag, before)
        registered = self.administrator.xcom(training, "register")
        if not registered:
            raise StackError(f"{training.dag_id} ({training.run_id}) registered no version")
        version_arn = str(registered["version_arn"])
        self._promote(version_arn, outcome.version_label(version_arn))
        with self.progress.step("a prediction from the production account") as step:
            prediction = outcome.predict(self.local, self.case, self.model, registered)
            step.detail = prediction["words"]
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
        self._approve(run, version_arn, "test", "validation metrics meet the gate")
        with self.progress.step("deployment and test in the test account") as step:
            self._waits_at(run, "approval_for_production", step, version_arn)
        self._approve(run, version_arn, "production", "test metrics meet the gate")
        with self.progress.step("deployment to production") as step:
            self._follow(step, run)

    def _approve(self, run: Run, version_arn: str, stage: str, reason: str) -> None:
        """Approve as the next person who may; StackError with the reason when it is refused."""
        person = self._decides(stage)
        with self.progress.step(f"{person} approves for {stage}") as step:
            self._waits_at(run, f"approval_for_{stage}", step, version_arn)
            step.detail = decide(self.local, version_arn, stage, person, reason, approve=True)
        self.decided[stage] = person

    def _decides(self, stage: str) -> str:
        """Return the first person who may decide, has a key here, and neither trained nor decided.

        Who alone may decide on production does not decide on test.
        """
        others = {self.model.trainer, *self.decided.values()}
        if stage == "test" and len(last := set(people(self.model, "production")) - others) == 1:
            others |= last
        entitled = [name for name in people(self.model, stage) if name not in others]
        keys = self.local["people"]
        here = [name for name in entitled if stage in keys.get(name, {}).get("roles", {})]
        if not here:
            raise StackError(
                f"nobody of {', '.join(people(self.model, stage))} can decide on {stage} here: "
                "they trained the model or decided on test, or the topology gives them no IAM "
                "user as `principal`, or no `decides`"
            )
        return here[0]

    def _promotion_of(self, label: str) -> Run | None:
        runs = [
            r
            for r in self.administrator.runs(f"{self.model.name}__promotion")
            if r.run_id.startswith(f"{label}-")
        ]
        return runs[0] if runs else None

    def _waits_at(self, run: Run, task_id: str, step: Step, version_arn: str) -> None:
        """Wait until a run's approval sensor waits (or has already been answered).

        A run that ends before, and a word on the version that is refused meanwhile, end it at once.
        """
        before = refusals(self.local, version_arn)

        def reached() -> bool | None:
            for key, reason in refusals(self.local, version_arn).items():
                if key not in before:
                    raise StackError(f"an approval was refused: {reason}")
            current = self.administrator.run(run.dag_id, run.run_id)
            for task in self.administrator.tasks(run):
                if task["state"] in TASK_FAILED:
                    raise StackError(self.administrator.failure(run))
                if task["task_id"] == task_id and task["state"] in ("deferred", "success"):
                    return True
            if current is not None and current.state in FINISHED:
                raise StackError(f"{run.run_id} ended ({current.state}) before {task_id}")
            step.detail = self._working_on(run)
            return None

        self._until(reached, f"{run.run_id} did not reach {task_id}")

    def _until(self, look: Callable[[], T | None], problem: str) -> T:
        until = time.monotonic() + STEP_SECONDS
        while time.monotonic() < until:
            if words := lost():
                raise StackError(words)
            answer = look()
            if answer:
                return answer
            time.sleep(0.4)
        happened = [f"\n{text}" for text in notes().values()]
        raise StackError(f"{problem} within {STEP_SECONDS:.0f} s{''.join(happened)}")


def run(console: Console, *, use_case_id: str, data: str | None, seed: int | None) -> int:
    """Play the demonstration; a stack that it started itself is stopped at the end."""
    started = time.monotonic()
    topology = local_topology()
    try:
        case, faults = use_case_among(use_case_id, layout.USE_CASES, topology)
        candidates(case.models[0], seed)
    except (ConfigError, FileNotFoundError) as error:
        raise StackError(f"USE_CASE={use_case_id}: {error}") from error
    for fault in faults:
        console.print(f"left out: {first_line(fault)}", markup=False, soft_wrap=True)
    samples = [layout.JOBS / case.id / script_of(case.id, s.name).name for s in case.raw_sources]
    if data in (None, "sample") and not all(path.exists() for path in samples):
        raise StackError(
            f"USE_CASE={use_case_id}: it has no synthetic sample; name its file, "
            f"make demo USE_CASE={use_case_id} DATA={example(case)}"
        )
    data = _raw_files(case, data)
    with contextlib.ExitStack() as held:
        local = running()
        if local is None:
            held.enter_context(lock.exclusive(lock.DEMO, "demo"))
        elif other := lock.holder(lock.DEMO):
            raise StackError(f"{other} plays on a stack that it stops at its end: wait for it")
        return _play(console, Progress(console), case, data, seed, local, started)


def _play(
    console: Console,
    progress: Progress,
    case: UseCase,
    data: str | None,
    seed: int | None,
    local: dict[str, Any] | None,
    started: float,
) -> int:
    """Play on a stack; without one, on one of its own that is stopped unless somebody stays."""
    own_stack, failed = local is None, True
    try:
        if local is None:
            with progress.step("local AWS, MLflow and Airflow start") as step:
                local = up(lambda line: setattr(step, "detail", line.split("  ")[0]), "demo")
        result = Demo(local, progress, case, data, seed).play()
        result["steps"] = [{"name": s.name, "seconds": s.seconds} for s in progress.steps]
        result["seconds"] = time.monotonic() - started
        layout.DEMO.parent.mkdir(exist_ok=True)
        layout.DEMO.write_text(json.dumps(result, indent=2))
        failed = False
        own_stack = own_stack and not _somebody_stays(console)
        show_result(console, result, local, stays=not own_stack)
        if own_stack:
            console.print("stopping it all; after `make up` a demo's Airflow and MLflow stay")
    except Exception as error:
        words = lost() or (str(error) if isinstance(error, StackError) else explained(error))
        if words is None:
            raise
        console.print("\n[bold red]the demonstration failed:[/]")
        console.print(words, markup=False)
        if full := full_disk():
            console.print(full, markup=False)
        return 1
    finally:
        if own_stack:
            down(_about_logs(console), "demo", keep_logs=failed)
    return 0


def _raw_files(case: UseCase, data: str | None) -> str | None:
    """Return the raw files for the DAG's form, those of several sources by their names."""
    if len(case.raw_sources) == 1 or data in (None, "sample", "published"):
        return _raw_file(data)
    files = by_source(case, data)
    if missing := [source.name for source in case.raw_sources if source.name not in files]:
        raise StackError(f"DATA={data}: no file of {', '.join(map(str, missing))}")
    return shlex.join(f"{source}={_raw_file(file)}" for source, file in files.items())


def _somebody_stays(console: Console) -> bool:
    """Offer a newcomer at a terminal to leave the stack running; without an answer it stops."""
    if not (console.is_terminal and sys.stdin.isatty()) or os.environ.get("CI"):
        return False
    console.print(
        f"Type y to leave it running and look around; Enter, or {ANSWER_SECONDS:.0f} s, stops it: ",
        end="",
    )
    answered, _, _ = select.select([sys.stdin], [], [], ANSWER_SECONDS)
    return bool(answered) and sys.stdin.readline().strip().lower() in ("y", "yes")


def _about_logs(console: Console) -> Callable[[str], None]:
    return lambda line: console.print(line, markup=False) if "logs" in line else None


def _raw_file(data: str | None) -> str | None:
    """Return the raw file for the DAG's form: a file is copied into the inbox, and named there."""
    if data in (None, "sample", "published") or "://" in data:
        return data
    path = Path(data).expanduser()
    if not path.is_file():
        what = "it is a folder" if path.is_dir() else "there is no such file"
        raise StackError(f"DATA={data}: {what}; give a path, an s3:// URI or `published`")
    layout.INBOX.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(path, layout.INBOX / path.name)
    return path.name
