"""A script as a SageMaker job: made, begun or adopted, waited for, looked at."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from causeway.datasets.datasets import evaluation_document, preprocess_document
from causeway.digests import canonical_json, sha256
from causeway.errors import NotFound
from causeway.features.groups import contract_document
from causeway.statuses import Meaning
from causeway.topology.account_roles import AccountRole
from causeway.training.adoption import Adoption, DescribedJob, next_job
from causeway.training.candidates import candidates, metric_definitions
from causeway.training.jobs import (
    INPUTS_VARIABLE,
    Input,
    Processing,
    TrainingJob,
    code_prefix,
    document_key,
    read_code,
    training_code,
)
from causeway_airflow.configuration import case_and_model, case_of, topology
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.base import AwsCallError
from causeway_airflow.hooks.jobs import JobInterrupted, JobKind, JobsHook
from causeway_airflow.tasks import clock
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.waits import Done, Outcome, Pending, Question, Wait

log = logging.getLogger(__name__)

#: Attempts of a processing job; a training job's are in the use case.
PROCESSING_ATTEMPTS: Final = 3
#: What a job acts as, by the account it runs in.
EXECUTION_DUTY: Final = {
    AccountRole.DATA: "feature-execution",
    AccountRole.DATA_SCIENCE: "training-execution",
}
Document = Literal["contract", "preprocess", "evaluation"]


@dataclass(frozen=True)
class ScriptJob:
    """A job with what it reads beside its data: `files` by URI, put there before it begins."""

    kind: JobKind
    job: Processing | TrainingJob
    attempts: int
    files: Mapping[str, bytes]


def processing_job(
    role: AccountRole,
    use_case: str,
    model: str | None,
    *,
    script: str,
    inputs: Mapping[str, str],
    output_name: str,
    document: Document | None,
    as_of: str = "",
    raw_source: str | None = None,
) -> ScriptJob:
    """Return the processing job of a script; an input without a URI is left out.

    Of the features' contract: `as_of` is the event time that it gives to the records, "" for its
    own; `raw_source` is the source whose it is, None of a use case that has one.
    """
    accounts, case = topology(), case_of(use_case)
    code = training_code(case, case.model(model)) if model else read_code(use_case)
    prefix = uri_of(role, code_prefix(use_case, code))
    files = {f"{prefix}/{name}": body for name, body in code.files.items()}
    folders = [Input(name, uri) for name, uri in inputs.items() if uri]
    if document:
        key, text = job_document(use_case, model, document, as_of, raw_source)
        folders.append(Input("contract", uri_of(role, key)))
        files[uri_of(role, key)] = text.encode()
    resources = case.runs_on(script)
    job = Processing(
        subject=model or use_case,
        script=script,
        code=code,
        code_uri=prefix,
        folders=folders,
        output=output_name,
        output_root=uri_of(role, f"jobs/{use_case}"),
        image=accounts.image(resources.image),
        runs_on=resources,
        compute=accounts.compute_of(role),
        role_arn=accounts.role_arn(role, EXECUTION_DUTY[role]),
        kms_key=accounts.key_alias_arn(role),
    )
    return ScriptJob("processing", job, PROCESSING_ATTEMPTS, files)


def training_job(
    role: AccountRole,
    use_case: str,
    model_name: str,
    *,
    script: str,
    index: int,
    seed: int | None,
    channels: Mapping[str, str],
) -> ScriptJob:
    """Return the training job of one candidate."""
    accounts, (case, model) = topology(), case_and_model(use_case, model_name)
    candidate = candidates(model, seed)[index]
    code = training_code(case, model)
    bundle = uri_of(role, f"{code_prefix(use_case, code)}/sourcedir.tar.gz")
    job = TrainingJob(
        subject=model.name,
        script=script,
        code=code,
        bundle_uri=bundle,
        channels=[Input(name, uri) for name, uri in channels.items()],
        candidate=candidate.name,
        hyperparameters=candidate.hyperparameters,
        output_root=uri_of(role, f"jobs/{use_case}"),
        image=accounts.image(model.training.image),
        runs_on=model.training,
        compute=accounts.compute_of(role),
        role_arn=accounts.role_arn(role, EXECUTION_DUTY[role]),
        kms_key=accounts.key_alias_arn(role),
        metrics=metric_definitions(model.training, accounts),
    )
    return ScriptJob("training", job, model.training.max_attempts, {bundle: code.archive()})


def begin(hook: Hooks, script: ScriptJob, tags: Mapping[str, str]) -> Outcome[Any]:
    """Create the job that these inputs have, or adopt the one that runs or is done."""
    jobs, files, kind = hook(JobsHook), hook(ArtifactsHook), script.kind
    for uri, body in script.files.items():
        files.put(uri, body, sha256=sha256(body))  # what is there stays
    name, adopted = start(jobs, kind, script.job.request(tags), script.attempts)
    log.info("%s job %s %s", kind, name, "adopted" if adopted else "created")
    description = jobs.describe(kind, name)
    if description is None:
        raise JobInterrupted(
            f"{kind} job {name} cannot be seen yet",
            principal=jobs.principal,
            next_step="Re-run the task: it adopts the job.",
        )
    result = jobs.result(kind, description)
    if jobs.meaning(kind, description) is Meaning.SUCCESS:
        return Done(result)
    return Pending(wait_of(kind, name), result, ends_task=True)


def look(hook: Hooks, script: ScriptJob) -> Outcome[Any]:
    """Look at the latest attempt of a job.

    Raises:
        NotFound: there is no attempt any more.
        JobFailed: it ended without a result; its reason is in the error.
    """
    jobs, kind, name = hook(JobsHook), script.kind, script.job.name
    attempts = jobs.attempts(kind, name)
    if not attempts:
        raise NotFound(
            f"{kind} job {name} is gone",
            principal=jobs.principal,
            next_step="Re-run the task: it makes the job anew.",
        )
    latest = attempts[-1]
    match jobs.meaning(kind, latest):
        case Meaning.SUCCESS:
            return Done(jobs.result(kind, latest))
        case Meaning.WAITING:
            return Pending(wait_of(kind, name))
    raise jobs.failure(kind, latest)


def stop(hook: Hooks, script: ScriptJob) -> None:
    """Stop whatever attempt of a job is alive."""
    jobs, kind = hook(JobsHook), script.kind
    for attempt in jobs.attempts(kind, script.job.name):
        if jobs.meaning(kind, attempt) is Meaning.WAITING:
            jobs.stop(kind, str(attempt[f"{kind.capitalize()}JobName"]))


def start(
    jobs: JobsHook, kind: JobKind, request: Mapping[str, Any], max_attempts: int
) -> tuple[str, bool]:
    """Create a job's next attempt, or adopt the one that runs or is done.

    Returns the job's name and whether it was adopted. One whose outputs the bucket's lifecycle
    deletes is not. The inputs' digest travels in the job's
    environment, where Describe shows it.

    Raises:
        NameTaken: a job of that name has other inputs.
        JobFailed: the last allowed attempt failed.
    """
    key = f"{kind.capitalize()}JobName"
    inputs = request["Environment"][INPUTS_VARIABLE]
    for _ in range(2):
        described = [
            DescribedJob(
                name=attempt[key],
                status=jobs.status(kind, attempt),
                failure_reason=str(attempt.get("FailureReason", "")),
                inputs_digest=attempt.get("Environment", {}).get(INPUTS_VARIABLE),
                expired=topology().retention.jobs_expired(jobs.ended(kind, attempt), clock.now()),
            )
            for attempt in jobs.attempts(kind, request[key])
        ]
        step = next_job(request[key], described, max_attempts, inputs)
        if step.action is not Adoption.CREATE:
            return step.name, True
        try:
            jobs.call(f"create_{kind}_job", **{**request, key: step.name})
            return step.name, False
        except AwsCallError as error:
            if not error.exists:
                raise
            # Somebody made it since it was described: look again, and adopt it.
    raise JobInterrupted(
        f"{kind} job {request[key]} appears and disappears while it is created",
        principal=jobs.principal,
        next_step="Re-run the task: it adopts what is there.",
    )


def wait_of(kind: JobKind, name: str) -> Wait:
    """Return the wait for a job: its status, its log meanwhile, and how to stop it."""
    hook = "causeway_airflow.hooks.jobs.JobsHook"
    word, subject = kind.capitalize(), {"kind": kind}
    return Wait(
        what=f"{kind} job {name}",
        ask=Question(hook, f"describe_{kind}_job", {f"{word}JobName": name}),
        path=f"{word}JobStatus",
        enum=f"{word}JobStatus",
        progress=Question(
            "causeway_airflow.hooks.jobs.JobLogsHook", "follow", {**subject, "job": name}
        ),
        stop=Question(hook, "stop", {**subject, "name": name}),
    )


def job_document(
    use_case: str,
    model: str | None,
    document: Document,
    as_of: str = "",
    raw_source: str | None = None,
) -> tuple[str, str]:
    """Return the key and the text of the document that a job reads."""
    if document == "contract":
        value = contract_document(case_of(use_case).raw_source(raw_source), as_of)
    else:
        write = preprocess_document if document == "preprocess" else evaluation_document
        value = write(*case_and_model(use_case, str(model)))
    text = canonical_json(value)
    return document_key(use_case, sha256(text)), text


def uri_of(role: AccountRole, key: str) -> str:
    """Return the URI of a key in the bucket of the account that a job runs in."""
    return f"s3://{topology().bucket(role)}/{key}"
