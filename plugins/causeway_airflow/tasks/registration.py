"""The registration of what passed the gates: stored in the shared bucket, registered once.

Every file is digested where it comes from and where it is stored. The artifact's digest finds a
version that is there already: the same training registers nothing, a task killed half-way finishes
what it began, and of two at once one registers and the other finds.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Final

from causeway.digests import Digest, canonical_json, sha256
from causeway.errors import UnexpectedState
from causeway.gates.baselines import constraints
from causeway.gates.report import GateReport, read_report
from causeway.model_cards.lifecycle import HandOver
from causeway.registration.comparison import chosen, comparison_markdown, of_candidate
from causeway.registration.request import gates_line, registration_request
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn, ModelPackageGroupArn, TrainingJobArn
from causeway.training.jobs import hyperparameters_of
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.registry import (
    COMPARISON,
    Candidate,
    RegistryVersion,
    StoredDocument,
    artifact_key,
    document_key,
    find_by_digest,
    gate_report_key,
    held_out_key,
    manifest_key,
    version_of,
)
from causeway_airflow.configuration import code_version, topology
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.base import AwsCallError
from causeway_airflow.hooks.model_cards import ModelCardsHook
from causeway_airflow.hooks.registry import RegistryHook
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.results import Registered
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.artifacts import copy_artifact
from causeway_airflow.tasks.evidence import Evidence
from causeway_airflow.tasks.gates import judged, report_uri
from causeway_airflow.tasks.jobs import uri_of
from causeway_airflow.tasks.model_cards import OWNER, hand_over_card
from causeway_airflow.tasks.stage_records import stage_table
from causeway_airflow.tasks.use_case_records import stage_word

log = logging.getLogger(__name__)

SHARED = AccountRole.SHARED_SERVICES
#: What the evaluation leaves beside its document, by the names of `registration.request.DOCUMENTS`.
EVALUATED: Final = {
    "data-statistics": "data-statistics.json",
    "bias-report": "bias-report.json",
    "explainability": "explainability.json",
}
#: Of regressions there are no groups of people.
OF_CLASSES: Final = ("bias-report",)


@dataclass(frozen=True)
class Registration:
    """The best candidate of a training, and the DAG run that asks for its registration.

    `role` is the account that it was trained in, `report_sha256` the gate report that the run made
    of it, `asked_by` the Airflow user who started the run.
    """

    case: UseCase
    model: ModelSpec
    role: AccountRole
    evidence: Evidence
    report_sha256: str
    mlflow_run: str
    dag_run: str
    asked_by: str | None

    @property
    def group(self) -> ModelPackageGroupArn:
        """The shared group that the version belongs to."""
        return ModelPackageGroupArn.of(topology(), SHARED, self.model.group)

    @property
    def digest(self) -> Digest:
        """The digest of the artifact that was judged."""
        return Digest(self.evidence.artifact_sha256)


def register(hook: Hooks, registration: Registration) -> Registered:
    """Find the version of this artifact, or store and register it; then fill the model's card.

    Raises:
        GateFailed: judged again, the candidate does not pass.
        UnexpectedState: the run's gate report is another one, or is not what was stored.
    """
    result = _find_or_create(hook, registration, _report(hook, registration))
    version = version_of(hook(RegistryHook).describe(result["version_arn"]))
    cards = hook(ModelCardsHook, SHARED, OWNER)
    use_case_stage = stage_word(stage_table(hook), registration.case)
    hand_over_card(
        cards,
        registration.case,
        registration.model,
        version,
        HandOver.REGISTRATION,
        use_case_stage,
    )
    return result


def _report(hook: Hooks, registration: Registration) -> GateReport:
    """Judge the candidate again; return the report if it is the run's and stored as such."""
    report = judged(registration.model, registration.evidence)
    report.require_pass()
    if registration.report_sha256 != report.digest:
        raise UnexpectedState(
            f"the run's gate report is {registration.report_sha256}; the evaluation of artifact "
            f"{registration.digest.short} makes {report.digest}",
            next_step="Clear the gate's task and this: what was judged changed since, or the "
            "result of a task was edited.",
        )
    uri = report_uri(registration.role, registration.case.id, report.digest)
    read_report(hook(ArtifactsHook).read(uri), report.digest, where=uri)
    return report


def _find_or_create(hook: Hooks, registration: Registration, report: GateReport) -> Registered:
    versions = _of_artifact(hook, registration)
    existing = find_by_digest(versions, registration.digest)
    if existing is not None:
        log.info("%s has this artifact already", existing.arn)
        return _adopted(existing, registration)
    candidate = _candidate(hook, registration, report)
    request = registration_request(
        registration.group,
        registration.case,
        registration.model,
        candidate,
        spoilt=sorted(version.arn for version in versions),
    )
    try:
        arn = ModelPackageArn.parse(hook(RegistryHook).create(request))
    except AwsCallError:
        # Another run may have registered the same artifact meanwhile, with the same token.
        existing = find_by_digest(_of_artifact(hook, registration), registration.digest)
        if existing is None:
            raise
        log.info("%s was registered meanwhile", existing.arn)
        return _adopted(existing, registration)
    log.info("registered %s with artifact %s", arn, registration.digest)
    comparison = candidate.comparison.uri if candidate.comparison else None
    return _result(arn, registration, comparison, created=True)


def _of_artifact(hook: Hooks, registration: Registration) -> list[RegistryVersion]:
    """Return the versions that carry the artifact's digest, changed ones too."""
    described = hook(RegistryHook).described_like(
        str(registration.group), registration.digest.short
    )
    versions = map(version_of, described)
    return [item for item in versions if item.artifact_sha256 == registration.digest.hex]


def _adopted(version: RegistryVersion, registration: Registration) -> Registered:
    return _result(version.arn, registration, version.metadata.get(COMPARISON), created=False)


def _result(
    arn: ModelPackageArn, registration: Registration, comparison: str | None, *, created: bool
) -> Registered:
    return {
        "version_arn": str(arn),
        "version": arn.version,
        "artifact_sha256": registration.digest.hex,
        "comparison": comparison,
        "created": created,
    }


def _candidate(hook: Hooks, registration: Registration, report: GateReport) -> Candidate:
    """Store the artifact and what lies beside it; return what the registration needs."""
    accounts, code, files = topology(), code_version(), hook(ArtifactsHook)
    model, digest = registration.model, registration.digest
    evidence, best = registration.evidence, registration.evidence.best
    artifact, manifest = copy_artifact(
        files,
        best["model_uri"],
        uri_of(SHARED, artifact_key(model.name, digest)),
        sha256=digest.hex,
        kms_key=accounts.key_alias_arn(SHARED),
    )
    _store(files, manifest_key(model.name, digest), manifest.text())
    files.copy(
        evidence.held_out,
        uri_of(SHARED, held_out_key(model.name, digest)),
        kms_key=accounts.key_alias_arn(SHARED),
    )
    report_key = gate_report_key(model.name, digest, report.digest)
    candidate = Candidate(
        digest=digest,
        artifact_uri=artifact.uri,
        artifact_object_version=artifact.version_id,
        manifest_sha256=manifest.digest,
        source_uri=best["model_uri"],
        gate_report=_store(files, report_key, report.text()),
        gate_verdict=gates_line(report.document()),
        image_uri=accounts.pinned_image(best["image_uri"]),
        generated_by=str(TrainingJobArn.of(accounts, registration.role, best["job"])),
        mlflow_run=registration.mlflow_run,
        dag_run=registration.dag_run,
        trained_by=model.trainer,
        metrics=report.metrics,
        training_metrics=evidence.metrics,
        hyperparameters=hyperparameters_of(best["hyperparameters"]),
        dataset_digest=evidence.dataset_digest,
        dataset_uri=evidence.dataset_uri,
        data_source=str(evidence.origin),
        synthetic=evidence.origin.synthetic.value,
        documents=_documents(files, registration, report),
        commit=code.commit,
        repository=code.repository,
        requested_by=accounts.person_of_airflow_user(registration.asked_by)
        or registration.asked_by,
        use_case_stage=stage_word(stage_table(hook), registration.case),
    )
    return replace(candidate, comparison=_comparison(hook, registration, candidate))


def _documents(
    files: ArtifactsHook, registration: Registration, report: GateReport
) -> dict[str, StoredDocument]:
    """Store baselines and reports: the gates' bounds, and what the evaluation wrote."""
    model, digest = registration.model, registration.digest
    bounds = constraints(model.metric_gates, model.problem_type, report.document())
    texts = {name: canonical_json(document) for name, document in bounds.items()}
    for name, file in EVALUATED.items():
        if model.problem_type != "regression" or name not in OF_CLASSES:
            uri = f"{registration.evidence.evaluation}/{file}"
            texts[name] = files.read(uri).decode()
    return {
        name: _store(files, document_key(model.name, digest, name, sha256(text)), text)
        for name, text in texts.items()
    }


def _comparison(hook: Hooks, registration: Registration, candidate: Candidate) -> StoredDocument:
    """Store the comparison with production and earlier versions, for who decides."""
    name = registration.model.name
    live = hook(StageTableHook, "governance", "recorder").live(AccountRole.PROD, name)
    production = live.version_arn.version if live else None
    newest = hook(RegistryHook).newest(str(registration.group), production)
    others = chosen((version_of(description) for description in newest), production)
    text = comparison_markdown(name, of_candidate(candidate), others)
    log.info("%s", text)
    key = document_key(name, candidate.digest, "comparison", sha256(text), "md")
    return _store(hook(ArtifactsHook), key, text)


def _store(files: ArtifactsHook, key: str, text: str) -> StoredDocument:
    """Store a document in the shared bucket, under the shared key."""
    uri, digest = uri_of(SHARED, key), sha256(text)
    files.put(uri, text.encode(), sha256=digest, kms_key=topology().key_alias_arn(SHARED))
    return StoredDocument(uri, digest)
