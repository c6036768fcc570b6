"""The report of an erasure: what was erased, and what had been built with the record."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from causeway.erasure.erasures import BuiltDataset, BuiltVersion, ErasureReport, Request
from causeway.erasure.offline_rows import contains
from causeway.reporting.reports import ERASURE, Report
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.use_cases.use_case import UseCase
from causeway.versions.registry import DATASET, version_of
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.hooks.built_datasets import BuiltDatasetsHook
from causeway_airflow.hooks.registry import RegistryHook
from causeway_airflow.results import Erased, ReportedErasure
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.reports import store_report

log = logging.getLogger(__name__)


def report(hook: Hooks, request: Request, outcomes: Sequence[Erased]) -> ReportedErasure:
    """Find the datasets and versions built with the record, change none, store the report."""
    accounts, groups = topology(), {outcome["group"] for outcome in outcomes}
    datasets = _datasets(hook, groups, request.record)
    erasure = ErasureReport(
        request=request,
        at=datetime.now(UTC),
        outcomes=tuple(dict(outcome) for outcome in outcomes),
        datasets=datasets,
        versions=_versions(hook, {dataset.digest for dataset in datasets}),
        not_searched=_not_searched(accounts),
    )
    text, summary = erasure.markdown(), erasure.summary()
    log.info("%s", text)
    uri = store_report(
        hook, Report(ERASURE, request.run, erasure.at, summary, erasure.document(), text)
    )
    return {
        "groups changed": summary["groups changed"],
        "rows erased": summary["rows erased"],
        "object versions erased": summary["object versions erased"],
        "datasets built with it": summary["datasets built with it"],
        "model versions built with it": summary["model versions built with it"],
        "changed": erasure.changed,
        "report": uri,
    }


def _not_searched(accounts: Topology) -> tuple[str, ...]:
    """Return where files lie that may hold the record and are not searched, and for how long."""
    data, kept = accounts.bucket(AccountRole.DATA), accounts.retention
    until = "deleted {} days after it was written, its old version a day later"
    queries, jobs = until.format(kept.queries_days), until.format(kept.jobs_days)
    science = accounts.bucket(AccountRole.DATA_SCIENCE)
    return (
        f"raw files: s3://{data}/raw/",
        f"inputs and outputs of feature jobs: s3://{data}/jobs/ ({jobs})",
        f"what queries left behind: s3://{science}/datasets/queries/ ({queries})",
        f"inputs and outputs of jobs: s3://{science}/jobs/ ({jobs})",
        "held-out rows beside registered artifacts: "
        f"s3://{accounts.bucket(AccountRole.SHARED_SERVICES)}/models/",
    )


def _datasets(hook: Hooks, groups: set[str], record: str) -> tuple[BuiltDataset, ...]:
    """Return the datasets of these groups that hold the record, as the trainer may read them."""
    objects = hook(BuiltDatasetsHook, AccountRole.DATA_SCIENCE, "trainer")
    bucket = topology().bucket(AccountRole.DATA_SCIENCE)
    datasets = []
    for case in use_cases():
        for uri, description in objects.all(bucket, case.id):
            columns = {
                _column(case, description, group) for group in groups & set(description["groups"])
            }
            if columns and _holds(objects, uri, columns, record):
                datasets.append(
                    BuiltDataset(
                        uri,
                        description["digest"],
                        case.id,
                        tuple(description["groups"]),
                        description["snapshot"],
                    )
                )
    return tuple(sorted(datasets, key=lambda dataset: dataset.uri))


def _holds(objects: BuiltDatasetsHook, uri: str, columns: set[str], record: str) -> bool:
    """Tell whether one of a dataset's columns has the record's identifier."""
    with tempfile.TemporaryDirectory(prefix="causeway-dataset-") as folder:
        path = Path(folder) / "dataset.parquet"
        objects.download(uri, path)
        return any(contains(path, column, record) for column in columns)


def _column(case: UseCase, description: Mapping[str, Any], group: str) -> str:
    """Return the dataset's column that holds a group's record identifiers."""
    identifiers = description.get("identifiers") or {}
    return str(identifiers.get(group) or case.feature_groups[0].record_identifier)


def _versions(hook: Hooks, digests: set[str]) -> tuple[BuiltVersion, ...]:
    """Return the model versions that were trained on these datasets."""
    if not digests:
        return ()
    registry = hook(RegistryHook, AccountRole.SHARED_SERVICES, "registry-sync")
    groups = sorted({model.group for case in use_cases() for model in case.models})
    versions = [
        BuiltVersion(
            str(version.arn),
            version.metadata[DATASET],
            version.approval_status,
            version.lifecycle.stage if version.lifecycle else "",
        )
        for group in groups
        for version in map(version_of, registry.search(group))
        if version.metadata.get(DATASET) in digests
    ]
    return tuple(sorted(versions, key=lambda version: version.arn))
