"""The operator that ends a training: the registration of what passed the gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causeway.accounts import AccountRole
from causeway.arns import ModelPackageGroupArn
from causeway.jobs import hyperparameters_of
from causeway.registry import (
    Candidate,
    Digest,
    artifact_key,
    find_by_digest,
    gate_report_key,
    held_out_key,
    registration_request,
    version_of,
)
from causeway_airflow.assets import model_group
from causeway_airflow.configuration import case_and_model, topology
from causeway_airflow.operators.base import CausewayOperator
from causeway_airflow.operators.training import TrainingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class RegisterModelOperator(TrainingOperator):
    """Copy the approved candidate to the shared bucket and register it in the shared group, once.

    The artifact's digest finds a version that is there already: the same training registers
    nothing, and a task killed half-way finishes what it began.

    :param best: the result of the tracking task
    :param gate: the result of the gate task
    :param held_out: the object of held-out raw rows (templated)
    :param dataset: the result of the dataset task
    :returns: `{"version_arn", "version", "artifact_sha256", "created"}`
    """

    template_fields = (*CausewayOperator.template_fields, "best", "gate", "held_out", "dataset")

    def __init__(
        self,
        *,
        use_case: str,
        model: str,
        best: Any,
        gate: Any,
        held_out: str,
        dataset: Any,
        duty: str = "registrar",
        **kwargs: Any,
    ) -> None:
        _, spec = case_and_model(use_case, model)
        kwargs.setdefault("outlets", [model_group(spec.group)])
        super().__init__(use_case=use_case, model=model, duty=duty, **kwargs)
        self.best = best
        self.gate = gate
        self.held_out = held_out
        self.dataset = dataset

    def perform(self, context: Context) -> dict[str, Any]:
        """Find the version of this artifact, or store the artifact and register it."""
        from causeway_airflow.hooks.artifacts import ArtifactsHook
        from causeway_airflow.hooks.registry import RegistryHook

        places = topology()
        case, model = case_and_model(self.use_case, self.model)
        group = ModelPackageGroupArn.of(places, AccountRole.SHARED_SERVICES, model.group)
        digest = Digest(self.gate["artifact_sha256"])
        registry = RegistryHook(self.connection(), self.region_name)
        known = find_by_digest(
            (version_of(d) for d in registry.described_like(str(group), digest.short)), digest
        )
        if known is not None:
            self.log.info("%s has this artifact already", known.arn)
            return self._result(str(known.arn), digest, created=False)
        files = ArtifactsHook(self.connection(), self.region_name)
        candidate = self._stored(files, digest, context)
        arn = registry.create(registration_request(group, case, model, candidate))
        self.log.info("registered %s with artifact %s", arn, digest)
        return self._result(arn, digest, created=True)

    def _stored(self, files: Any, digest: Digest, context: Context) -> Candidate:
        """Store artifact, gate report and held-out rows; return what the registration needs."""
        places = topology()
        shared, key = AccountRole.SHARED_SERVICES, places.key_alias_arn(AccountRole.SHARED_SERVICES)
        _, model = case_and_model(self.use_case, self.model)

        def target(path: str) -> str:
            return self.bucket_uri(shared, path)

        artifact = files.copy(
            self.best["model_uri"],
            target(artifact_key(self.model, digest)),
            sha256=digest.hex,
            kms_key=key,
        )
        files.copy(self.held_out, target(held_out_key(self.model, digest)), kms_key=key)
        report = files.put(
            target(gate_report_key(self.model, digest)),
            self.gate["report"].encode(),
            sha256=self.gate["report_sha256"],
            kms_key=key,
        )
        run = context["dag_run"]
        asked_by = run.triggering_user_name
        return Candidate(
            digest=digest,
            artifact_uri=artifact.uri,
            artifact_object_version=artifact.version_id,
            gate_report_uri=report.uri,
            gate_report_sha256=report.sha256,
            image_uri=self.best["image_uri"],
            mlflow_run=self.best["mlflow_run"],
            dag_run=run.run_id,
            trained_by=model.trainer,
            metrics=self.gate["metrics"],
            hyperparameters=hyperparameters_of(self.best["hyperparameters"]),
            dataset_digest=self.dataset["digest"],
            requested_by=places.person_of_airflow_user(asked_by) or asked_by,
        )

    def _result(self, arn: str, digest: Digest, *, created: bool) -> dict[str, Any]:
        return {
            "version_arn": arn,
            "version": int(arn.rpartition("/")[2]),
            "artifact_sha256": digest.hex,
            "created": created,
        }
