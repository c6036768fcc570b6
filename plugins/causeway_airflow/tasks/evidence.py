"""What a training's own jobs say of its best candidate: the evidence that it is judged on.

The jobs of a training are functions of its dataset and seed, so that each is found by its name and
compared with the request that makes it. The results of the tasks before (XComs) are not asked: they
can be edited, and MLflow's figures, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from causeway.digests import Digest
from causeway.errors import NotFound, UnexpectedState
from causeway.features.origins import UNKNOWN, DataOrigin
from causeway.statuses import Meaning
from causeway.topology.account_roles import AccountRole
from causeway.training.candidates import candidates
from causeway.training.jobs import MODEL_ARCHIVE, hyperparameters_of, training_code
from causeway.training.pipelines import PARTS, PREPROCESS, TRAIN, pipeline_run
from causeway.training.provenance import digest_of, require_made_from
from causeway.training.selection import best_of
from causeway.use_cases.use_case import EVALUATION_SCRIPT, ModelSpec, UseCase
from causeway.versions.registry import artifact_key
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.base import AwsCallError
from causeway_airflow.hooks.jobs import JobsHook
from causeway_airflow.hooks.pipelines import PipelinesHook
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.results import TrainedJob
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.datasets import described
from causeway_airflow.tasks.jobs import ScriptJob, processing_job, training_job, uri_of
from causeway_airflow.tasks.model_archives import document
from causeway_airflow.tasks.origins import origin_of_dataset
from causeway_airflow.tasks.pipelines import job_of

#: The duty that may describe jobs.
TRAINER: Final = "trainer"
METRICS_FILE: Final = "metrics.json"


@dataclass(frozen=True)
class Evidence:
    """The best candidate of a training, and what its evaluation wrote.

    `metrics` are what its training measured, `evaluation` is the folder of the evaluation and
    `document` its content; `in_production` is the digest of the artifact that is in production now,
    empty without one; `origin` is where the dataset's rows come from.
    """

    best: TrainedJob
    metrics: Mapping[str, float]
    parts: str
    dataset_uri: str
    dataset_digest: str
    evaluation: str
    document: Mapping[str, Any]
    in_production: str
    origin: DataOrigin = UNKNOWN

    @property
    def artifact_sha256(self) -> str:
        """The digest of the very bytes that were evaluated: whoever copies them finds the same."""
        return str(self.document["inputs"][MODEL_ARCHIVE])

    @property
    def held_out(self) -> str:
        """The object of held-out raw rows."""
        return f"{self.parts}/evaluation/test.csv"


@dataclass(frozen=True)
class _Training:
    """What names the jobs of a training."""

    role: AccountRole
    case: UseCase
    model: ModelSpec
    dataset: str
    seed: int | None


def evidence(
    hook: Hooks,
    role: AccountRole,
    case: UseCase,
    model: ModelSpec,
    *,
    dataset: str,
    seed: int | None,
) -> Evidence:
    """Find the jobs of a training by its dataset and seed; return what they say.

    Raises:
        NotFound: one of them is missing: it was made of something else.
        NameTaken: one of them was not made as this training makes it.
        UnexpectedState: one of them is not completed, or `dataset` is no dataset.
    """
    digest = digest_of(dataset, uri_of(role, "").rstrip("/"), case.id)
    route = _by_pipeline if model.training.route == "pipeline" else _by_tasks
    parts, jobs = route(hook, _Training(role, case, model, dataset, seed))
    files = hook(ArtifactsHook)
    measured = {job["job"]: final_metrics(files, job)["final"] for job in jobs}
    name = best_of(measured, model.training.select_by, maximise=model.training.more_is_better)
    best = next(job for job in jobs if job["job"] == name)
    in_production, production_uri = artifact_in_production(hook, model.name)
    job = processing_job(
        role,
        case.id,
        model.name,
        script=EVALUATION_SCRIPT,
        inputs={
            "model": best["model_uri"],
            "test": f"{parts}/test",
            "raw": f"{parts}/evaluation",
            "production": production_uri,
        },
        output_name="evaluation",
        document="evaluation",
    )
    jobs_hook = hook(JobsHook, role, TRAINER)
    folder = jobs_hook.processed(completed(jobs_hook, job))["outputs"]["evaluation"]
    return Evidence(
        best=best,
        metrics=measured[name],
        parts=parts,
        dataset_uri=dataset,
        dataset_digest=digest,
        evaluation=folder.rstrip("/"),
        document=json.loads(files.read(f"{folder.rstrip('/')}/evaluation.json")),
        in_production=in_production,
        origin=_origin(hook, role, case, model, dataset),
    )


def _origin(
    hook: Hooks, role: AccountRole, case: UseCase, model: ModelSpec, dataset: str
) -> DataOrigin:
    """Return where a dataset's rows come from.

    The files are those of when it was built. Whether rows are invented is asked of the ingestions,
    which only recorders write; it is said of a group for as long as that exists.
    """
    try:
        about = json.loads(hook(ArtifactsHook, role, TRAINER).read(described(dataset)))
    except AwsCallError as error:
        # A missing object is denied to who may not list the bucket.
        if not (error.missing or error.denied):
            raise
        about = {}
    synthetic = origin_of_dataset(hook, case, model).synthetic
    return DataOrigin(tuple(about.get("sources", ())), synthetic)


def final_metrics(files: ArtifactsHook, job: TrainedJob) -> dict[str, Any]:
    """Read the metrics document that a training job left in its output archive.

    Raises:
        UnexpectedState: it left none.
    """
    archive = files.read(job["output_uri"])
    text = document(archive, METRICS_FILE, of=f"the output of training job {job['job']}")
    if text is None:
        raise UnexpectedState(
            f"training job {job['job']} left no {METRICS_FILE} in its output",
            next_step="Write it into SM_OUTPUT_DATA_DIR in train.py.",
        )
    metrics: dict[str, Any] = json.loads(text)
    return metrics


def artifact_in_production(hook: Hooks, model: str) -> tuple[str, str]:
    """Return digest and URI of the artifact now in production, empty without one."""
    live = hook(StageTableHook, "governance", "recorder").live(AccountRole.PROD, model)
    if live is None:
        return "", ""
    key = artifact_key(model, Digest(live.artifact_sha256))
    return live.artifact_sha256, uri_of(AccountRole.SHARED_SERVICES, key)


def _by_tasks(hook: Hooks, of: _Training) -> tuple[str, list[TrainedJob]]:
    """Return the folder of the parts and the training jobs that were made task by task."""
    jobs = hook(JobsHook, of.role, TRAINER)
    preprocess = processing_job(
        of.role,
        of.case.id,
        of.model.name,
        script="preprocess.py",
        inputs={"dataset": of.dataset},
        output_name=PARTS,
        document="preprocess",
    )
    parts = jobs.processed(completed(jobs, preprocess))["outputs"][PARTS]
    channels = {"train": f"{parts}/train", "validation": f"{parts}/validation"}
    trainings = (
        training_job(
            of.role,
            of.case.id,
            of.model.name,
            script="train.py",
            index=index,
            seed=of.seed,
            channels=channels,
        )
        for index in range(of.model.training.count)
    )
    return parts, [jobs.trained(completed(jobs, training)) for training in trainings]


def _by_pipeline(hook: Hooks, of: _Training) -> tuple[str, list[TrainedJob]]:
    """Return the folder of the parts and the training job of the pipeline's execution.

    Its jobs follow from its definition and its parameters: the former is compared as a whole, the
    latter where the jobs have them.
    """
    code = training_code(of.case, of.model)
    run = pipeline_run(of.case, of.model, topology(), code, dataset=of.dataset, seed=of.seed)
    jobs, pipelines = hook(JobsHook, of.role, TRAINER), hook(PipelinesHook, of.role, TRAINER)
    executions = pipelines.attempts(run) if pipelines.find(run.pipeline) else []
    if not executions:
        raise _missing(f"execution {run.name} of pipeline {run.pipeline}")
    arn = str(executions[-1]["PipelineExecutionArn"])
    _require_completed(pipelines.meaning(executions[-1]), arn)
    steps = pipelines.steps(arn)
    preprocess, train = (job_of(jobs, steps, step) for step in (PREPROCESS, TRAIN))
    trained = jobs.trained(train)
    sources = {i["InputName"]: i["S3Input"]["S3Uri"] for i in preprocess["ProcessingInputs"]}
    parameters = hyperparameters_of(trained["hyperparameters"])
    if (
        pipelines.definition(arn) != run.definition
        or sources["dataset"] != of.dataset
        or parameters != candidates(of.model, of.seed)[0].as_strings()
    ):
        raise UnexpectedState(
            f"{arn} has another definition, dataset or candidate than this training",
            next_step="Find out who started it, then run the training again.",
        )
    return jobs.processed(preprocess)["outputs"][PARTS], [trained]


def completed(jobs: JobsHook, script: ScriptJob) -> dict[str, Any]:
    """Return the description of a job's latest attempt, which has to be completed."""
    kind, request = script.kind, script.job.request({})
    attempts = jobs.attempts(kind, script.job.name)
    if not attempts:
        raise _missing(f"{kind} job {script.job.name}")
    _require_completed(jobs.meaning(kind, attempts[-1]), f"{kind} job {script.job.name}")
    require_made_from(request, attempts[-1])
    return attempts[-1]


def _require_completed(meant: Meaning, what: str) -> None:
    if meant is not Meaning.SUCCESS:
        raise UnexpectedState(
            f"{what} is not completed",
            next_step="Clear its task, and those that follow.",
        )


def _missing(what: str) -> NotFound:
    return NotFound(
        f"there is no {what}, which this dataset, seed, use case, its scripts and what is in "
        "production now give",
        next_step="One of them changed since, or a task's result was edited: clear the tasks from "
        "`dataset` on.",
    )
