"""The operator that ends a training: the registration of what passed the gates."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from causeway.digests import canonical_json, sha256
from causeway.topology.accounts import AccountRole
from causeway.topology.arns import ModelPackageGroupArn
from causeway_airflow.assets import model_group
from causeway_airflow.configuration import case_and_model, code_version, topology
from causeway_airflow.operators.base import CausewayOperator
from causeway_airflow.operators.training import TrainingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway.digests import Digest
    from causeway.versions.registry import Candidate, RegistryVersion, StoredDocument
    from causeway_airflow.hooks.artifacts import ArtifactsHook
    from causeway_airflow.hooks.registry import RegistryHook


class RegisterModelOperator(TrainingOperator):
    """Copy the approved candidate to the shared bucket and register it in the shared group, once.

    Every file is digested where it comes from and where it is stored. The artifact's digest finds
    a version that is there already: the same training registers nothing, a task killed half-way
    finishes what it began, and of two at once one registers and the other finds.

    :param best: the result of the tracking task
    :param gate: the result of the gate task; its `documents` (name -> URI, names as in
        `causeway.registration.request.DOCUMENTS`) are stored beside the artifact
    :param held_out: the object of held-out raw rows (templated)
    :param dataset: the result of the dataset task
    :returns: `{"version_arn", "version", "artifact_sha256", "comparison", "created"}`
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
        """Find the version of this artifact, or store and register it; then fill the card."""
        from causeway.model_cards.lifecycle import HandOver
        from causeway.versions.registry import version_of
        from causeway_airflow.hooks.model_cards import ModelCardsHook
        from causeway_airflow.hooks.registry import RegistryHook
        from causeway_airflow.operators.model_cards import OWNER, hand_over_card

        done = self._registered(context)
        described = RegistryHook(self.connection(), self.region_name).describe(done["version_arn"])
        owner = self.connection("shared_services", OWNER)
        case, model = case_and_model(self.use_case, self.model)
        hand_over_card(
            ModelCardsHook(owner, self.region_name),
            case,
            model,
            version_of(described),
            HandOver.REGISTRATION,
        )
        return done

    def _registered(self, context: Context) -> dict[str, Any]:
        from causeway.digests import Digest
        from causeway.registration.request import registration_request
        from causeway.versions.registry import COMPARISON
        from causeway_airflow.hooks.artifacts import ArtifactsHook
        from causeway_airflow.hooks.base import AwsCallError
        from causeway_airflow.hooks.registry import RegistryHook

        places = topology()
        case, model = case_and_model(self.use_case, self.model)
        group = ModelPackageGroupArn.of(places, AccountRole.SHARED_SERVICES, model.group)
        digest = Digest(self.gate["artifact_sha256"])
        registry = RegistryHook(self.connection(), self.region_name)
        known = self._known(registry, group, digest)
        if known is not None:
            self.log.info("%s has this artifact already", known.arn)
            return self._result(
                str(known.arn), digest, known.metadata.get(COMPARISON), created=False
            )
        files = ArtifactsHook(self.connection(), self.region_name)
        candidate = self._candidate(files, registry, group, digest, context)
        try:
            arn = registry.create(registration_request(group, case, model, candidate))
        except AwsCallError:
            # Another run may have registered the same artifact meanwhile, with the same token.
            known = self._known(registry, group, digest)
            if known is None:
                raise
            self.log.info("%s was registered meanwhile", known.arn)
            return self._result(
                str(known.arn), digest, known.metadata.get(COMPARISON), created=False
            )
        self.log.info("registered %s with artifact %s", arn, digest)
        comparison = candidate.comparison.uri if candidate.comparison else None
        return self._result(arn, digest, comparison, created=True)

    def _known(
        self, registry: RegistryHook, group: ModelPackageGroupArn, digest: Digest
    ) -> RegistryVersion | None:
        from causeway.versions.registry import find_by_digest, version_of

        found = registry.described_like(str(group), digest.short)
        return find_by_digest((version_of(description) for description in found), digest)

    def _candidate(
        self,
        files: ArtifactsHook,
        registry: RegistryHook,
        group: ModelPackageGroupArn,
        digest: Digest,
        context: Context,
    ) -> Candidate:
        """Store the artifact and what lies beside it; return what the registration needs."""
        from causeway.registration.request import gates_told
        from causeway.training.jobs import hyperparameters_of
        from causeway.versions.registry import (
            Candidate,
            artifact_key,
            gate_report_key,
            held_out_key,
            manifest_key,
        )

        places = topology()
        _, model = case_and_model(self.use_case, self.model)
        artifact, manifest = files.copy_artifact(
            self.best["model_uri"],
            self._shared(artifact_key(self.model, digest)),
            sha256=digest.hex,
            kms_key=self._key,
        )
        self._store(files, manifest_key(self.model, digest), manifest.text())
        files.copy(self.held_out, self._shared(held_out_key(self.model, digest)), kms_key=self._key)
        report_sha256 = self.gate["report_sha256"]
        report_key = gate_report_key(self.model, digest, report_sha256)
        run, code = context["dag_run"], code_version()
        asked_by = run.triggering_user_name
        candidate = Candidate(
            digest=digest,
            artifact_uri=artifact.uri,
            artifact_object_version=artifact.version_id,
            manifest_sha256=manifest.digest,
            source_uri=self.best["model_uri"],
            gate_report=self._store(files, report_key, self.gate["report"]),
            gate_verdict=gates_told(self.gate["report"]),
            image_uri=places.pinned_image(self.best["image_uri"]),
            generated_by=self._training_job(),
            mlflow_run=self.best["mlflow_run"],
            dag_run=run.run_id,
            trained_by=model.trainer,
            metrics=self.gate["metrics"],
            training_metrics=self.best["metrics"],
            hyperparameters=hyperparameters_of(self.best["hyperparameters"]),
            dataset_digest=self.dataset["digest"],
            dataset_uri=self.dataset["uri"],
            documents=self._documents(files, digest),
            commit=code.commit,
            repository=code.repository,
            requested_by=places.person_of_airflow_user(asked_by) or asked_by,
        )
        return replace(candidate, comparison=self._compare(files, registry, group, candidate))

    def _documents(self, files: ArtifactsHook, digest: Digest) -> dict[str, StoredDocument]:
        """Store baselines and reports: the gates' bounds, and what the evaluation wrote."""
        from causeway.gates.baselines import constraints
        from causeway.registration.request import DOCUMENTS
        from causeway.versions.registry import document_key

        _, model = case_and_model(self.use_case, self.model)
        report = json.loads(self.gate["report"])
        made = constraints(model.metric_gates, model.problem_type, report)
        texts = {name: canonical_json(document) for name, document in made.items()}
        for name, uri in (self.gate.get("documents") or {}).items():
            if name in DOCUMENTS:
                texts[name] = files.read(uri).decode()
        return {
            name: self._store(files, document_key(self.model, digest, name, sha256(text)), text)
            for name, text in texts.items()
        }

    def _compare(
        self,
        files: ArtifactsHook,
        registry: RegistryHook,
        group: ModelPackageGroupArn,
        candidate: Candidate,
    ) -> StoredDocument:
        """Store the comparison with production and earlier versions, for who decides."""
        from causeway.registration.comparison import chosen, comparison_markdown, of_candidate
        from causeway.versions.registry import document_key, version_of
        from causeway_airflow.hooks.stage_table import StageTableHook

        table = StageTableHook(self.connection("governance", "recorder"), self.region_name)
        live = table.live(AccountRole.PROD, self.model)
        production = live.version_arn.version if live else None
        beside = chosen(
            (version_of(found) for found in registry.newest(str(group), production)), production
        )
        text = comparison_markdown(self.model, of_candidate(candidate), beside)
        self.log.info("%s", text)
        key = document_key(self.model, candidate.digest, "comparison", sha256(text), "md")
        return self._store(files, key, text)

    def _store(self, files: ArtifactsHook, key: str, text: str) -> StoredDocument:
        from causeway.versions.registry import StoredDocument

        uri, digest = self._shared(key), sha256(text)
        files.put(uri, text.encode(), sha256=digest, kms_key=self._key)
        return StoredDocument(uri, digest)

    def _shared(self, key: str) -> str:
        return self.bucket_uri(AccountRole.SHARED_SERVICES, key)

    @property
    def _key(self) -> str:
        return topology().key_alias_arn(AccountRole.SHARED_SERVICES)

    def _training_job(self) -> str:
        places = topology()
        account = places.account(AccountRole(self.account_role))
        return (
            f"arn:{places.partition}:sagemaker:{places.region}:{account}:"
            f"training-job/{self.best['job']}"
        )

    def _result(
        self,
        arn: str,
        digest: Digest,
        comparison: str | None,
        *,
        created: bool,
    ) -> dict[str, Any]:
        return {
            "version_arn": arn,
            "version": int(arn.rpartition("/")[2]),
            "artifact_sha256": digest.hex,
            "comparison": comparison,
            "created": created,
        }
