"""Ingestion of engineered features: every group's file is checked before a record is written.

Every row ends as written, unchanged, rejected or failed.
"""

from __future__ import annotations

import json
import logging
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from causeway.digests import canonical_json
from causeway.erasure.erasures import erasure_of, erasures_of
from causeway.errors import BadInput, ConfigError, PartialWrite
from causeway.features.groups import group_file
from causeway.features.health import Appended, IngestSummary, appended, health_key, writes
from causeway.features.origins import GroupOrigin, Origin, Synthetic, group_origin
from causeway.features.withheld import Withheld
from causeway.topology.account_roles import AccountRole
from causeway.training.jobs import read_code
from causeway.use_cases.raw_sources import RawSource
from causeway.use_cases.use_case import UseCase
from causeway_airflow.configuration import case_of, code_version, topology
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.feature_store import FeatureGroupsHook
from causeway_airflow.hooks.governance import GovernanceHook
from causeway_airflow.results import IngestedGroup, ValidatedFile
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.feature_groups import describe_features, ensure, request_of
from causeway_airflow.tasks.feature_writes import NOT_LATER, TARGETS, write_staged
from causeway_airflow.tasks.local_files import LocalFile, local_file
from causeway_airflow.tasks.staging import Staged, Staging, Stores, stage, store_rejects, too_many

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ingestion:
    """What is ingested: the parameters of `FeatureIngestOperator`, and the run that does it.

    `raw_source` names the raw source, None of a use case that has one; `origin` is its file, of
    which the features were made.
    """

    role: AccountRole
    use_case: str
    source: str
    raw_source: str | None
    stores: Stores
    max_rejected: float
    skip_unchanged: bool
    job: str
    origin: Origin
    run: str


def origin_of(raw: ValidatedFile | None, source: str) -> Origin:
    """Return the origin of rows: the validated raw file, else the folder that they lie in."""
    if raw is None:
        return Origin(source)
    return Origin(raw["data"], raw["sha256"], raw["rows"], Synthetic(raw["synthetic"]))


def ingest(hook: Hooks, ingestion: Ingestion) -> dict[str, IngestedGroup]:
    """Check every file, create the groups, write, account for every row; return it by group.

    Raises:
        BadInput: a file cannot be read or breaks its contract in too many rows; nothing was
            written. Or records differ from stored ones with no later event time.
        PartialWrite: the service did not keep some of the records.
    """
    if ingestion.stores not in TARGETS:
        raise ConfigError(
            f"records cannot go to {ingestion.stores!r}",
            next_step=f"Give one of {', '.join(TARGETS)}.",
        )
    case = case_of(ingestion.use_case)
    source = case.raw_source(ingestion.raw_source)
    with tempfile.TemporaryDirectory(prefix="causeway-ingest-") as folder:
        files = _files(hook(ArtifactsHook), ingestion, source, Path(folder))
        staging = Staging(source.data, ingestion.stores, Path(folder), datetime.now(UTC))
        staged = _stage_all(hook, ingestion, source, staging, files)
        descriptions = _ensure_groups(hook(FeatureGroupsHook), ingestion, case, source)
        summaries = {}
        for part in staged:
            write_staged(
                hook,
                part,
                ingestion.stores,
                descriptions[part.group.name],
                skip_unchanged=ingestion.skip_unchanged and ingestion.stores != "offline",
            )
            created = descriptions[part.group.name]["CreationTime"]
            summaries[part.group.name] = _account(hook, ingestion, case, part, staging.now, created)
    _require_whole(staged)
    return summaries


def _files(
    objects: ArtifactsHook, ingestion: Ingestion, source: RawSource, folder: Path
) -> dict[str, LocalFile]:
    """Return the file of every group on this worker."""
    root = ingestion.source.rstrip("/")
    return {
        group.name: local_file(
            objects, f"{root}/{group_file(source.use_case, group)}", folder / f"{group.name}-input"
        )
        for group in source.groups
    }


def _stage_all(
    hook: Hooks,
    ingestion: Ingestion,
    source: RawSource,
    staging: Staging,
    files: Mapping[str, LocalFile],
) -> list[Staged]:
    """Read and check every group's file, so that a record is rejected in all groups or in none."""
    table = hook(GovernanceHook, "governance", "recorder")
    erased = {group.name: _erased(table, group.name) for group in source.groups}

    def staged_with(refused: Mapping[str, str]) -> list[Staged]:
        """Stage the files; `refused` says of a record in which group it breaks the contract."""
        staged = [
            stage(
                staging,
                group,
                files[group.name],
                erased[group.name] | _refused_elsewhere(group.name, refused),
            )
            for group in source.groups
        ]
        for part in staged:
            if part.faulty_share > ingestion.max_rejected:
                raise too_many(part, _store_rejects(hook, ingestion, part))
        return staged

    staged = staged_with({})
    refused = {record: part.group.name for part in staged for record in part.refused}
    return staged_with(refused) if refused else staged


def _erased(table: GovernanceHook, group: str) -> dict[str, Withheld]:
    """Return the records that were erased from a group, or are being erased."""
    erasures = map(erasure_of, table.query(erasures_of(group)))
    return {erasure.record: erasure.withheld for erasure in erasures if erasure is not None}


def _refused_elsewhere(group: str, refused: Mapping[str, str]) -> dict[str, Withheld]:
    return {
        record: Withheld(f"the record is rejected in {other}")
        for record, other in refused.items()
        if other != group
    }


def _ensure_groups(
    groups: FeatureGroupsHook, ingestion: Ingestion, case: UseCase, source: RawSource
) -> dict[str, dict[str, Any]]:
    """Bring every group to its contract and return their descriptions."""
    descriptions = {}
    for group in source.groups:
        ensured = ensure(groups, request_of(group, case, ingestion.role))
        if ensured.created or ensured.changed:
            describe_features(groups, group, case)
        descriptions[group.name] = ensured.description
    return descriptions


def _account(
    hook: Hooks,
    ingestion: Ingestion,
    case: UseCase,
    staged: Staged,
    began: datetime,
    created: datetime,
) -> IngestedGroup:
    """Record what became of a group's rows, for good and as the latest, and return it."""
    table = hook(GovernanceHook, "governance", "recorder")
    latest = json.loads((table.get(health_key(staged.group.name)) or {}).get("summary", "null"))
    offline = staged.group.offline.enabled and ingestion.stores != "online"
    sent = appended(staged.written if offline else 0, began, ingestion.run, latest)
    before = group_origin(latest, created)
    synthetic = _synthetic(ingestion.origin, before, stored=staged.written + staged.unchanged)
    rejects = _store_rejects(hook, ingestion, staged)
    summary = _summary(ingestion, case, staged, sent, rejects, synthetic)
    for write in writes(summary):
        table.apply(write)
    document = summary.document()
    log.info("%s: %s", staged.group.name, canonical_json(document))
    return cast(IngestedGroup, document)


def _synthetic(origin: Origin, before: GroupOrigin | None, *, stored: int) -> Synthetic:
    """Return whether rows of a group are invented, once these were stored beside what it held."""
    if before is None:
        return origin.synthetic
    return origin.synthetic.beside(before.synthetic) if stored else before.synthetic


def _store_rejects(hook: Hooks, ingestion: Ingestion, staged: Staged) -> str:
    accounts, role = topology(), ingestion.role
    root = f"s3://{accounts.bucket(role)}/jobs/{ingestion.use_case}/rejects"
    return store_rejects(hook(ArtifactsHook), staged, root, accounts.key_alias_arn(role))


def _summary(
    ingestion: Ingestion,
    case: UseCase,
    staged: Staged,
    sent: Appended,
    rejects_uri: str,
    synthetic: Synthetic,
) -> IngestSummary:
    rows, counts = staged.rows, staged.counts
    return IngestSummary(
        group=staged.group.name,
        use_case_id=case.id,
        source=staged.source,
        input_sha256=staged.digest,
        stores=ingestion.stores,
        job=ingestion.job,
        code=read_code(case.id).digest,
        commit=code_version().commit or "",
        run=ingestion.run,
        rows=rows,
        written=staged.written,
        older=staged.older,
        unchanged=staged.unchanged,
        rejected=staged.rejected,
        failed=len(staged.failed),
        retried=staged.retried,
        appended=sent.rows,
        appended_since=sent.since,
        bytes=staged.size,
        seconds=round(time.monotonic() - staged.started, 3),
        rejects_uri=rejects_uri,
        empty={name: round(count / rows, 6) for name, count in counts.empty.items() if count},
        faulty={name: round(count / rows, 6) for name, count in counts.faulty.items() if count},
        finished_at=datetime.now(UTC),
        origin=ingestion.origin,
        synthetic=synthetic,
    )


def _require_whole(staged: list[Staged]) -> None:
    stale = [failure for part in staged for failure in part.failed if failure.code == NOT_LATER]
    if stale:
        raise BadInput(
            f"{len(stale)} records were not written, such as row {stale[0].row}: "
            f"{stale[0].message}",
            next_step="Ingest the file again with a later `as_of`, or a later event time in its "
            "column; records that are stored already stay as they are.",
        )
    lost = [
        f"{part.group.name} row {failure.row}: {failure.code} {failure.message}"
        for part in staged
        for failure in part.failed
    ]
    if lost:
        raise PartialWrite(
            f"{len(lost)} records were not kept: {'; '.join(lost[:5])}",
            next_step="Run the task again; records that are stored already stay as they are.",
        )
