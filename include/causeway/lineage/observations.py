"""Records made of what the feature store, the registry, the table and endpoints say.

The same functions make them at the end of a run and when everything is read in again, so that both
write the same. What a description lacks, because others made the thing, stays empty.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from causeway.deployment.leases import Live
from causeway.governance.decisions import Decision, Revocation
from causeway.instants import instant, moment
from causeway.lineage.records import (
    DatasetBuilt,
    Decided,
    Deployed,
    GroupDefined,
    Ingested,
    Observed,
    VersionRegistered,
)
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.topology.arns import EndpointArn, EndpointConfigArn, FeatureGroupArn, ProcessingJobArn
from causeway.training.jobs import CODE_CHANNEL, hyperparameters_of
from causeway.use_cases.dataset_specs import Dataset, renamed
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.registry import (
    DAG_RUN,
    DATASET,
    MLFLOW_RUN,
    RegistryVersion,
    version_of,
)

STOPPED: Final = "stopped"
#: The folder of the parts that a preprocessing job of the task route left, in its name.
_PARTS: Final = re.compile(r"/jobs/[^/]+/(?P<job>[a-zA-Z0-9-]*preprocess[a-zA-Z0-9-]*)/parts/train")


def group_defined(description: Mapping[str, Any], case: UseCase) -> GroupDefined:
    """Return the record of a feature group, of its `DescribeFeatureGroup` answer."""
    own = {description["RecordIdentifierFeatureName"], description["EventTimeFeatureName"]}
    names = [each["FeatureName"] for each in description["FeatureDefinitions"]]
    offline = description.get("OfflineStoreConfig") or {}
    return GroupDefined(
        group=description["FeatureGroupArn"],
        use_case=case.id,
        owner=case.owner,
        features=tuple(name for name in names if name not in own),
        offline_uri=(offline.get("S3StorageConfig") or {}).get("S3Uri", ""),
        table=(offline.get("DataCatalogConfig") or {}).get("TableName", ""),
    )


def ingested(summary: Mapping[str, Any], topology: Topology, repository: str) -> Ingested:
    """Return the record of an ingestion, of its summary's document."""
    origin = summary.get("origin") or {"source": summary.get("source", "")}
    finished = moment(summary["finished_at"])
    job = summary.get("job", "")
    return Ingested(
        group=str(FeatureGroupArn.of(topology, AccountRole.DATA, summary["group"])),
        run=summary["run"],
        input_sha256=summary["input_sha256"],
        began=instant(finished - timedelta(seconds=float(summary.get("seconds", 0)))),
        finished=instant(finished),
        source=str(origin.get("source", "")),
        source_sha256=str(origin.get("sha256", "")),
        source_rows=int(origin.get("rows", 0)),
        synthetic=str(origin.get("synthetic", "")),
        job=str(ProcessingJobArn.of(topology, AccountRole.DATA, job)) if job else "",
        code=summary.get("code", ""),
        commit=summary.get("commit", ""),
        repository=repository,
        use_case=summary.get("use_case_id", ""),
        stores=summary.get("stores", ""),
        written=int(summary.get("written", 0)),
    )


def dataset_built(
    document: Mapping[str, Any], uri: str, case: UseCase, model: ModelSpec, topology: Topology
) -> DatasetBuilt:
    """Return the record of a dataset, of the document that lies beside it.

    The features are those of the declaration that it was built by.
    """
    declared = Dataset.model_validate(document.get("declared", {}))
    groups = {group.name: group for group in case.groups_of(model)}
    features: dict[str, tuple[str, ...]] = {}
    for joined in declared.joined(case.feature_groups):
        group = groups.get(joined.group)
        names = tuple(renamed(joined, group)) if group else joined.features or ()
        features[str(FeatureGroupArn.of(topology, AccountRole.DATA, joined.group))] = names
    return DatasetBuilt(
        digest_of_rows=document["digest"],
        uri=uri,
        use_case=case.id,
        features=features,
        snapshot=instant(moment(document["snapshot"])) if document.get("snapshot") else "",
        query_sha256=document.get("query_sha256", ""),
        query=document.get("query", ""),
        rows=int(document.get("rows", 0)),
        synthetic=str(document.get("synthetic", "")),
    )


def version_registered(
    package: Mapping[str, Any],
    case: UseCase,
    model: ModelSpec,
    topology: Topology,
    job: Mapping[str, Any] | None,
) -> VersionRegistered:
    """Return the record of a version, of its description and that of its training job."""
    version, origin = version_of(package), package.get("MetadataProperties") or {}
    job = job or {}
    parts = _PARTS.search(" ".join(_channels(job).values()))
    preprocess = (
        ProcessingJobArn.of(topology, AccountRole.DATA_SCIENCE, parts["job"]) if parts else ""
    )
    return VersionRegistered(
        version=str(version.arn),
        model=model.name,
        created=instant(version.created_at),
        use_case=case.id,
        owner=case.owner,
        artifact_sha256=version.artifact_sha256 or "",
        artifact_uri=version.model_data_url or "",
        image=version.image_uri or "",
        dataset=version.metadata.get(DATASET, ""),
        processing_job=str(preprocess),
        training_job=generated_by(package),
        code=_code(job),
        commit=origin.get("CommitId", ""),
        repository=origin.get("Repository", ""),
        mlflow_run=version.metadata.get(MLFLOW_RUN, ""),
        dag_run=version.metadata.get(DAG_RUN, ""),
        trained_by=version.trained_by or "",
        requested_by=version.requested_by or "",
        gate_report_sha256=version.gate_report_sha256 or "",
        parameters=hyperparameters_of(job.get("HyperParameters", {})),
        metrics=_finite(version),
    )


def generated_by(package: Mapping[str, Any]) -> str:
    """Return the ARN of the training job that a version says it is of; empty for anything else."""
    arn = (package.get("MetadataProperties") or {}).get("GeneratedBy", "")
    return (
        arn if re.fullmatch(r"arn:[a-z-]+:sagemaker:[^:]+:\d{12}:training-job/[^/]+", arn) else ""
    )


def decided(decision: Decision) -> Decided:
    """Return the record of a decision."""
    return Decided(
        version=str(decision.version_arn),
        verdict=decision.verdict.value,
        attempt=decision.attempt,
        person=decision.person,
        at=instant(decision.decided_at),
        target=decision.target.value,
        reason=decision.reason,
        gate_report_sha256=decision.gate_report_sha256,
    )


def stopped(stop: Revocation) -> Decided:
    """Return the record of a stop."""
    return Decided(
        version=str(stop.version_arn),
        verdict=STOPPED,
        attempt=stop.attempt,
        person=stop.person,
        at=instant(stop.revoked_at),
        reason=stop.reason,
    )


def deployed(history: Sequence[Live], live: Live | None, topology: Topology) -> list[Deployed]:
    """Return the records of an endpoint's deployments.

    Each says when its endpoint was removed. One from before entries of the history did is the last,
    of which `live` says it.
    """
    records = []
    for number, each in enumerate(history):
        last = number == len(history) - 1
        removed = each.removed_at or (live.removed_at if live and last else None)
        role = each.account_role
        records.append(
            Deployed(
                endpoint=str(EndpointArn.of(topology, role, each.endpoint)),
                config=str(EndpointConfigArn.of(topology, role, each.endpoint_config)),
                account_role=role.value,
                model=each.model,
                version=str(each.version_arn),
                number=each.fencing,
                at=instant(each.deployed_at),
                run=each.run_id,
                artifact_sha256=each.artifact_sha256,
                reason=each.reason,
                removed=instant(removed) if removed else "",
            )
        )
    return records


def observed(
    endpoint: Mapping[str, Any], config: Mapping[str, Any], models: Iterable[Mapping[str, Any]]
) -> Observed:
    """Return the record of an endpoint that others made, of what describes it."""
    containers = [
        container
        for model in models
        for container in (*model.get("Containers", ()), model.get("PrimaryContainer") or {})
    ]
    return Observed(
        endpoint=endpoint["EndpointArn"],
        config=config["EndpointConfigArn"],
        since=instant(endpoint["LastModifiedTime"]),
        versions=_each(c.get("ModelPackageName") for c in containers),
        artifacts=_each(c.get("ModelDataUrl") for c in containers if not c.get("ModelPackageName")),
    )


def _each(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _channels(job: Mapping[str, Any]) -> dict[str, str]:
    return {
        channel["ChannelName"]: channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in job.get("InputDataConfig", ())
        if "S3DataSource" in channel.get("DataSource", {})
    }


def _code(job: Mapping[str, Any]) -> str:
    """Return the address of a training job's code: a channel where it may not download any."""
    submitted = str(job.get("HyperParameters", {}).get("sagemaker_submit_directory", ""))
    return _channels(job).get(CODE_CHANNEL, submitted).strip('"')


def _finite(version: RegistryVersion) -> dict[str, float]:
    return {k: v for k, v in version.validation_metrics.items() if math.isfinite(v)}
