"""Operators that run a script as a SageMaker job and wait for it without a worker."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from causeway.digests import canonical_json, sha256
from causeway.errors import NotFound
from causeway.features.groups import contract_document
from causeway.topology.accounts import AccountRole
from causeway.use_cases.use_case import Training
from causeway_airflow.configuration import case_and_model, case_of, topology
from causeway_airflow.operators.base import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway.training.jobs import Code, Processing, TrainingJob
    from causeway_airflow.hooks.artifacts import ArtifactsHook
    from causeway_airflow.hooks.jobs import JobKind

#: Attempts of a processing job; a training job's are in the use case.
PROCESSING_ATTEMPTS = 3
#: What a job acts as, by the account it runs in.
EXECUTION_DUTY = {
    AccountRole.DATA: "feature-execution",
    AccountRole.DATA_SCIENCE: "training-execution",
}
Document = Literal["contract", "preprocess", "evaluation"]


class JobOperator(CausewayOperator):
    """Create or adopt the job that these inputs have, and wait for it in the triggerer.

    A completed job is adopted without waiting. On success the trigger ends the task, whose result
    was handed over before the wait; otherwise the task is resumed and raises with the reason. The
    trigger writes the job's log into the task's. A task that a person ends stops its job.

    :param use_case: the use case whose scripts are run
    :param model: the model, for jobs that belong to one
    :param wait: how long to wait for the job before the task fails (and a retry adopts it)
    """

    template_fields = (*CausewayOperator.template_fields, "use_case", "model")
    kind: JobKind

    def __init__(
        self,
        *,
        use_case: str,
        model: str | None = None,
        wait: timedelta = timedelta(hours=2),
        **kwargs: Any,
    ) -> None:
        # A deferred task is also ended by its execution timeout, whatever the DAG's default.
        super().__init__(**{**kwargs, "execution_timeout": wait + timedelta(minutes=10)})
        self.use_case = use_case
        self.model = model
        self.wait = wait
        self._starting: tuple[str, int] | None = None

    def perform(self, context: Context) -> dict[str, Any]:  # noqa: RET503 - deferring raises
        """Start or adopt the job; defer unless it is done."""
        from causeway_airflow.hooks.artifacts import ArtifactsHook
        from causeway_airflow.hooks.jobs import JobInterrupted, JobsHook
        from causeway_airflow.triggers.jobs import JobTrigger

        job, attempts = self.job()
        self.upload(ArtifactsHook(self.connection(), self.region_name), job.code)
        hook = JobsHook(self.connection(), self.region_name)
        self._starting = job.name, attempts
        name, adopted = hook.start(self.kind, job.request(self.tags_of()), attempts)
        self.log.info("%s job %s %s", self.kind, name, "adopted" if adopted else "created")
        found = hook.describe(self.kind, name)
        if found is None:
            raise JobInterrupted(
                f"{self.kind} job {name} cannot be seen yet",
                principal=hook.principal,
                next_step="Re-run the task: it adopts the job.",
            )
        result = hook.result(self.kind, found)
        if hook.meaning(self.kind, found) == "completed":
            return result
        # Airflow stores what a trigger returns as JSON text inside JSON, so that a reader gets a
        # string: the result goes out from here, where it is known already.
        context["ti"].xcom_push("return_value", result)
        self.wait_for(
            JobTrigger,
            lasting=self.wait,
            kind=self.kind,
            job_name=name,
        )

    def resumed(self, context: Context) -> dict[str, Any]:
        """Look at the job's latest attempt: return its result, or raise why there is none."""
        from causeway_airflow.hooks.jobs import JobInterrupted, JobsHook

        job, limit = self.job()
        hook = JobsHook(self.connection(), self.region_name)
        attempts = hook.attempts(self.kind, job.name, limit)
        if not attempts:
            raise NotFound(
                f"{self.kind} job {job.name} is gone",
                principal=hook.principal,
                next_step="Re-run the task: it makes the job anew.",
            )
        found = attempts[-1]
        meaning = hook.meaning(self.kind, found)
        if meaning == "completed":
            return hook.result(self.kind, found)
        if meaning == "running":
            raise JobInterrupted(
                f"{self.kind} job {job.name} still runs after {self.wait}",
                principal=hook.principal,
                next_step="Re-run the task: it adopts the job and goes on waiting.",
            )
        raise hook.failure(self.kind, found)

    def on_kill(self) -> None:
        """Stop the job when the task is killed on its worker; in the triggerer the trigger does."""
        if self._starting is None:
            return
        from causeway_airflow.hooks.jobs import JobsHook

        hook = JobsHook(self.connection(), self.region_name)
        hook.stop_attempts(self.kind, *self._starting)

    @abstractmethod
    def job(self) -> tuple[Processing | TrainingJob, int]:
        """Return the job that the inputs make, and how many attempts it may take."""

    @abstractmethod
    def upload(self, bucket: ArtifactsHook, code: Code) -> None:
        """Put what the job reads beside its data where it finds it; what is there stays."""

    def tags_of(self) -> Mapping[str, str]:
        """Return the tags of the job."""
        tags = {"causeway:use-case": self.use_case, "causeway:model": self.model}
        return {key: value for key, value in tags.items() if value}

    @property
    def role(self) -> AccountRole:
        """The account role the job runs in."""
        return AccountRole(self.account_role)

    def uri(self, key: str) -> str:
        """Return the URI of a key in the account's bucket."""
        return f"s3://{topology().bucket(self.role)}/{key}"


class ProcessingJobOperator(JobOperator):
    """Run a script as a processing job.

    :param script: the script of the use case, such as `features.py`
    :param inputs: folder or object URIs by the script's option (templated); one that renders to
        nothing is left out
    :param document: the JSON document passed as `--contract`: the features' contract, or what
        preprocessing or evaluation reads
    :param output_name: the name of the output in the result
    :returns: `{"job", "outputs": {output_name: s3 uri}}`
    """

    template_fields = (*JobOperator.template_fields, "inputs")
    kind: JobKind = "processing"

    def __init__(
        self,
        *,
        script: str,
        inputs: dict[str, str],
        output_name: str,
        document: Document | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.script = script
        self.inputs = inputs
        self.output_name = output_name
        self.document = document

    def job(self) -> tuple[Processing, int]:
        """Return the processing job."""
        from causeway.training.jobs import Input, Processing, code_prefix, read_code

        places, case = topology(), case_of(self.use_case)
        code = read_code(self.use_case)
        folders = [Input(name, uri) for name, uri in self.inputs.items() if uri]
        if self.document:
            folders.append(Input("contract", self.uri(self._document()[0])))
        job = Processing(
            subject=self.model or self.use_case,
            script=self.script,
            code=code,
            code_uri=self.uri(code_prefix(self.use_case, code)),
            folders=folders,
            output=self.output_name,
            output_root=self.uri(f"jobs/{self.use_case}"),
            image=places.image(case.processing.image),
            instance_type=case.processing.instance_type,
            role_arn=places.role_arn(self.role, EXECUTION_DUTY[self.role]),
            kms_key=places.key_alias_arn(self.role),
        )
        return job, PROCESSING_ATTEMPTS

    def upload(self, bucket: ArtifactsHook, code: Code) -> None:
        """Upload the scripts one by one, and the document."""
        from causeway.training.jobs import code_prefix

        prefix = code_prefix(self.use_case, code)
        for name, body in code.files.items():
            bucket.put(self.uri(f"{prefix}/{name}"), body, sha256=sha256(body))
        if self.document:
            key, text = self._document()
            bucket.put(self.uri(key), text.encode(), sha256=sha256(text))

    def _document(self) -> tuple[str, str]:
        """Return the key and the text of the document that the job reads."""
        from causeway.datasets.datasets import evaluation_document, preprocess_document
        from causeway.training.jobs import document_key

        if self.document == "contract":
            value = contract_document(case_of(self.use_case))
        else:
            about = case_and_model(self.use_case, str(self.model))
            made = preprocess_document if self.document == "preprocess" else evaluation_document
            value = made(*about)
        text = canonical_json(value)
        return document_key(self.use_case, sha256(text)), text


class TrainingJobOperator(JobOperator):
    """Train one candidate of a model.

    Mapped over `index`: the candidates of the model are a function of the use case and the seed.

    :param index: which of the candidates, from 0
    :param seed: draws other candidates than the use case's (templated; empty: the use case's)
    :param channels: folder URIs by channel (templated)
    :returns: `{"job", "model_uri", "output_uri", "hyperparameters", "image_uri"}`
    """

    template_fields = (*JobOperator.template_fields, "channels", "seed", "index")
    kind: JobKind = "training"

    def __init__(
        self,
        *,
        model: str,
        index: int,
        channels: dict[str, str],
        seed: str | int | None = None,
        script: str = "train.py",
        **kwargs: Any,
    ) -> None:
        super().__init__(model=model, **kwargs)
        self.index = index
        self.channels = channels
        self.seed = seed
        self.script = script

    def job(self) -> tuple[TrainingJob, int]:
        """Return the training job of this candidate."""
        from causeway.training.candidates import candidates, metric_definitions
        from causeway.training.jobs import Input, TrainingJob, code_prefix, read_code

        places, (_, model) = topology(), case_and_model(self.use_case, str(self.model))
        training: Training = model.training
        candidate = candidates(model, seed_of(self.seed))[int(self.index)]
        code = read_code(self.use_case)
        job = TrainingJob(
            subject=model.name,
            script=self.script,
            code=code,
            bundle_uri=self.uri(f"{code_prefix(self.use_case, code)}/sourcedir.tar.gz"),
            channels=[Input(name, uri) for name, uri in self.channels.items()],
            candidate=candidate.name,
            hyperparameters=candidate.hyperparameters,
            output_root=self.uri(f"jobs/{self.use_case}"),
            image=places.image(training.image),
            instance_type=training.instance_type,
            role_arn=places.role_arn(self.role, EXECUTION_DUTY[self.role]),
            kms_key=places.key_alias_arn(self.role),
            metrics=metric_definitions(training),
        )
        return job, training.max_attempts

    def upload(self, bucket: ArtifactsHook, code: Code) -> None:
        """Upload the scripts as one archive."""
        from causeway.training.jobs import code_prefix

        body = code.archive()
        key = f"{code_prefix(self.use_case, code)}/sourcedir.tar.gz"
        bucket.put(self.uri(key), body, sha256=sha256(body))


def seed_of(value: str | int | None) -> int | None:
    """Read a rendered seed: empty, `None` and null mean the use case's own candidates."""
    return None if value in (None, "", "None") else int(str(value))
