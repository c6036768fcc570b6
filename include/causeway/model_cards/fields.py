"""Every field of a model card that Causeway writes, and where it comes from.

`docs/model-cards.md` holds the table that is made of this one. What is not in it belongs to
people and is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from causeway.digests import canonical_json
from causeway.use_cases.stages import UNRECORDED
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.registry import (
    ARTIFACT_SHA256,
    DATA_SOURCE,
    DATASET,
    GATE_REPORT_SHA256,
    MLFLOW_RUN,
    SYNTHETIC,
    Candidate,
    RegistryVersion,
)

#: Longest texts of the card schema (SageMaker developer guide, "Model card JSON schema").
TEXT: Final = 1024
LONG_TEXT: Final = 2048
NAME: Final = 255
#: The evaluation that a registration writes.
HELD_OUT: Final = "held-out test part"

_RISK_RATING: Final[Mapping[str, str]] = {
    "high": "High",
    "medium": "Medium",
    "low": "Low",
    "unknown": "Unknown",
}


class Source(StrEnum):
    """Where a field's value comes from."""

    USE_CASE = "use case (YAML)"
    RECORD = "record of the use case"
    CANDIDATE = "candidate, at registration"
    VERSION = "version in the registry"


@dataclass(frozen=True)
class Facts:
    """What is known about a model when its card is written."""

    case: UseCase
    model: ModelSpec
    candidate: Candidate | None = None
    version: RegistryVersion | None = None
    use_case_stage: str = UNRECORDED


@dataclass(frozen=True)
class CardField:
    """One field: its place in the document, its source in words, and how it is read.

    `in_package` says whether the reduced card inside the package has it too. A candidate's fields
    all have it there: it is from the package that the standalone card gets them.
    """

    path: str
    source: Source
    what: str
    value: Callable[[Facts], Any]
    in_package: bool = True

    @property
    def keys(self) -> tuple[str, ...]:
        """The place as the keys from the top of the document."""
        return tuple(self.path.split("."))


def _candidate(read: Callable[[Candidate], Any]) -> Callable[[Facts], Any]:
    return lambda facts: read(facts.candidate) if facts.candidate else None


def _version(read: Callable[[RegistryVersion], Any]) -> Callable[[Facts], Any]:
    return lambda facts: read(facts.version) if facts.version else None


def _stakeholders(facts: Facts) -> str:
    approvers = facts.model.approvers
    return (
        f"owner: {facts.case.owner}; decide on test: {', '.join(approvers.test)}; "
        f"decide on production: {', '.join(approvers.production)}"
    )[:LONG_TEXT]


def _objective(facts: Facts) -> dict[str, Any]:
    training = facts.model.training
    goal = "Maximize" if training.more_is_better else "Minimize"
    return {
        "function": {"function": goal, "facet": training.select_by[:63]},
        "notes": "the best candidate is chosen by this metric of the validation part",
    }


def _metrics(metrics: Mapping[str, float]) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in sorted(metrics.items())][:50]


def _hyperparameters(candidate: Candidate) -> list[dict[str, str]]:
    return [
        {"name": name[:NAME], "value": str(value)[:NAME]}
        for name, value in sorted(candidate.hyperparameters.items())
        if str(value)
    ][:100]


def _evaluation(candidate: Candidate) -> list[dict[str, Any]]:
    quality = [
        {"name": name, "type": "number", "value": value}
        for name, value in sorted(candidate.metrics.items())
    ]
    return [
        {
            "name": HELD_OUT,
            "evaluation_observation": f"gates: {candidate.gate_verdict}",
            "datasets": [f"dataset {candidate.dataset_digest}"],
            "metadata": {"gate_report_sha256": candidate.gate_report.sha256},
            "metric_groups": [{"name": "quality", "metric_data": quality}],
        }
    ]


def _observations(candidate: Candidate) -> str:
    settings = canonical_json(dict(candidate.hyperparameters))
    return f"dataset {candidate.dataset_digest}; hyperparameters {settings}"[:TEXT]


def _datasets(candidate: Candidate) -> list[str]:
    return [
        candidate.dataset_uri,
        f"sha256:{candidate.dataset_digest}",
        f"from {candidate.data_source}"[:TEXT],
        f"synthetic: {candidate.synthetic}",
    ]


def _containers(version: RegistryVersion) -> list[dict[str, str]] | None:
    if not version.image_uri:
        return None
    data = {"model_data_url": version.model_data_url} if version.model_data_url else {}
    return [{"image": version.image_uri[:NAME], **data}]


def _detail(path: str, key: str) -> CardField:
    return CardField(
        f"additional_information.custom_details.{path}",
        Source.VERSION,
        f"customer metadata `{key}`",
        _version(lambda v: v.metadata.get(key)),
        in_package=False,
    )


_CONFIGURED: Final = (
    CardField(
        "model_overview.model_id",
        Source.USE_CASE,
        "the model's group",
        lambda f: f.model.group,
        in_package=False,
    ),
    CardField(
        "model_overview.model_name",
        Source.USE_CASE,
        "`models[].name`",
        lambda f: f.model.name,
        in_package=False,
    ),
    CardField(
        "model_overview.model_description",
        Source.USE_CASE,
        "`models[].description`",
        lambda f: f.model.description[:TEXT],
        in_package=False,
    ),
    CardField(
        "model_overview.problem_type",
        Source.USE_CASE,
        "`models[].problem_type`",
        lambda f: f.model.problem_type,
        in_package=False,
    ),
    CardField(
        "model_overview.algorithm_type",
        Source.USE_CASE,
        "`models[].training.image`",
        lambda f: f.model.training.image,
        in_package=False,
    ),
    CardField(
        "model_overview.model_owner",
        Source.USE_CASE,
        "`owner`",
        lambda f: f.case.owner,
        in_package=False,
    ),
    CardField(
        "intended_uses.purpose_of_model",
        Source.USE_CASE,
        "`models[].purpose`, else its description",
        lambda f: (f.model.purpose or f.model.description)[:LONG_TEXT],
    ),
    CardField(
        "intended_uses.risk_rating",
        Source.USE_CASE,
        "`models[].risk`",
        lambda f: _RISK_RATING[f.model.risk],
    ),
    CardField(
        "intended_uses.explanations_for_risk_rating",
        Source.USE_CASE,
        "`risk` of use case and model",
        lambda f: f"use case of {f.case.risk} risk (EU AI Act); model of {f.model.risk} risk",
    ),
    CardField(
        "business_details.business_problem", Source.USE_CASE, "`name`", lambda f: f.case.name
    ),
    CardField(
        "business_details.business_stakeholders",
        Source.USE_CASE,
        "`owner`, `models[].approvers`",
        _stakeholders,
    ),
    CardField(
        "business_details.line_of_business",
        Source.USE_CASE,
        "`line_of_business`",
        lambda f: f.case.line_of_business,
    ),
    CardField(
        "training_details.objective_function",
        Source.USE_CASE,
        "`models[].training.select_by` and `maximise`",
        _objective,
    ),
    CardField(
        "additional_information.custom_details.UseCaseId",
        Source.USE_CASE,
        "`id`",
        lambda f: f.case.id,
    ),
    CardField(
        "additional_information.custom_details.UseCaseName",
        Source.USE_CASE,
        "`name`",
        lambda f: f.case.name,
    ),
    CardField(
        "additional_information.custom_details.UseCaseStage",
        Source.RECORD,
        "its stage when the card was written",
        lambda f: f.use_case_stage,
    ),
)

_TRAINED: Final = (
    CardField(
        "model_overview.model_creator",
        Source.CANDIDATE,
        "the trainer",
        _candidate(lambda c: c.trained_by),
    ),
    CardField(
        "model_overview.model_artifact",
        Source.CANDIDATE,
        "the artifact's URI",
        _candidate(lambda c: [c.artifact_uri]),
    ),
    CardField(
        "training_details.training_observations",
        Source.CANDIDATE,
        "dataset digest and hyperparameters",
        _candidate(_observations),
    ),
    CardField(
        "training_details.training_job_details.training_arn",
        Source.CANDIDATE,
        "the training job",
        _candidate(lambda c: c.generated_by),
    ),
    CardField(
        "training_details.training_job_details.training_datasets",
        Source.CANDIDATE,
        "the dataset's URI and digest, where its rows come from, whether any are synthetic",
        _candidate(_datasets),
    ),
    CardField(
        "training_details.training_job_details.training_environment.container_image",
        Source.CANDIDATE,
        "the image, by digest",
        _candidate(lambda c: [c.image_uri]),
    ),
    CardField(
        "training_details.training_job_details.training_metrics",
        Source.CANDIDATE,
        "metrics of training and validation",
        _candidate(lambda c: _metrics(c.training_metrics)),
    ),
    CardField(
        "training_details.training_job_details.hyper_parameters",
        Source.CANDIDATE,
        "the candidate's hyperparameters",
        _candidate(_hyperparameters),
    ),
    CardField(
        "evaluation_details",
        Source.CANDIDATE,
        f"entry `{HELD_OUT}`: gate verdict, metrics, dataset, gate report's digest",
        _candidate(_evaluation),
    ),
)

_REGISTERED: Final = (
    CardField(
        "model_overview.model_version",
        Source.VERSION,
        "its number",
        _version(lambda v: v.arn.version),
        in_package=False,
    ),
    CardField(
        "model_overview.inference_environment.container_image",
        Source.VERSION,
        "the inference specification's image",
        _version(lambda v: [v.image_uri] if v.image_uri else None),
        in_package=False,
    ),
    CardField(
        "model_package_details.model_package_arn",
        Source.VERSION,
        "its ARN",
        _version(lambda v: str(v.arn)),
        in_package=False,
    ),
    CardField(
        "model_package_details.model_package_group_name",
        Source.VERSION,
        "its group",
        _version(lambda v: v.arn.group),
        in_package=False,
    ),
    CardField(
        "model_package_details.model_package_version",
        Source.VERSION,
        "its number",
        _version(lambda v: v.arn.version),
        in_package=False,
    ),
    CardField(
        "model_package_details.model_package_status",
        Source.VERSION,
        "`ModelPackageStatus`",
        _version(lambda v: v.package_status or None),
        in_package=False,
    ),
    CardField(
        "model_package_details.inference_specification.containers",
        Source.VERSION,
        "image and artifact",
        _version(_containers),
        in_package=False,
    ),
    _detail("ArtifactSha256", ARTIFACT_SHA256),
    _detail("GateReportSha256", GATE_REPORT_SHA256),
    _detail("DatasetSha256", DATASET),
    _detail("DataSource", DATA_SOURCE),
    _detail("SyntheticData", SYNTHETIC),
    _detail("MlflowRun", MLFLOW_RUN),
)

#: The whole table.
FIELDS: Final[tuple[CardField, ...]] = (*_CONFIGURED, *_TRAINED, *_REGISTERED)


def table() -> str:
    """Return the table of fields as Markdown, in the order of the documents."""
    rows = [
        f"| `{field.path}` | {field.source.value} | {field.what} | "
        f"{'yes' if field.in_package else ''} |"
        for field in sorted(FIELDS, key=lambda f: f.path)
    ]
    return "\n".join(["| field | source | which | in the package |", "|---|---|---|---|", *rows])
