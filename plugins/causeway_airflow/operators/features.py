"""Operators that bring data in: a raw file validated and stored, features ingested."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causeway.digests import canonical_json
from causeway.errors import BadInput, ConfigError, PartialWrite
from causeway.features.groups import create_request, group_file, raw_key
from causeway.features.withheld import Withheld
from causeway.topology.accounts import AccountRole
from causeway.training.jobs import read_code
from causeway.use_cases.published import NEXT_STEP
from causeway_airflow.assets import feature_group
from causeway_airflow.configuration import case_of, code_version, topology
from causeway_airflow.operators.base import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway.features.health import IngestSummary
    from causeway.use_cases.use_case import UseCase
    from causeway_airflow.hooks.artifacts import ArtifactsHook
    from causeway_airflow.hooks.feature_ingest import FeatureIngest, Staged, Stores
    from causeway_airflow.hooks.governance import GovernanceHook


class ValidateRawOperator(CausewayOperator):
    """Check a raw file against the contract and store it under its digest.

    Nothing is written before the whole file was found good.

    :param use_case: the use case whose contract holds
    :param data: a path that the worker can read, an `s3://` URI, `published` or the published
        address of the contract, or empty for the use case's seeded synthetic sample (templated)
    :param rows: rows of the sample (templated)
    :param sample_seed: seed of the sample (templated)
    :returns: `{"data", "sha256", "uri", "rows", "stored"}`
    """

    template_fields = (*CausewayOperator.template_fields, "data", "rows", "sample_seed")

    def __init__(
        self,
        *,
        use_case: str,
        data: str,
        rows: str | int = 1000,
        sample_seed: str | int = 0,
        account_role: str = "data",
        duty: str = "ingester",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.use_case = use_case
        self.data = data
        self.rows = rows
        self.sample_seed = sample_seed

    def perform(self, context: Context) -> dict[str, Any]:
        """Read, validate, store."""
        from causeway.ingestion.raw_data import validate_raw
        from causeway_airflow.hooks.artifacts import ArtifactsHook

        case, hook = case_of(self.use_case), ArtifactsHook(self.connection(), self.region_name)
        bucket = topology().bucket(AccountRole(self.account_role))
        with tempfile.TemporaryDirectory(prefix="causeway-raw-") as folder:
            what, path = self._local(case, hook, Path(folder))
            found = validate_raw(path, case, file=what)
            published = case.data.published
            if published and what == published.address and published.rows not in (None, found.rows):
                raise BadInput(
                    f"{what} has {found.rows} rows; the contract declares {published.rows}",
                    next_step=NEXT_STEP,
                )
            uri = f"s3://{bucket}/{raw_key(case, found.sha256)}"
            with path.open("rb") as content:
                stored = hook.put(uri, content, sha256=found.sha256)
        self.log.info("%s: %d rows, %s", what, found.rows, uri)
        return {
            "data": what,
            "sha256": found.sha256,
            "uri": uri,
            "rows": found.rows,
            "stored": stored.created,
        }

    def _local(self, case: UseCase, hook: ArtifactsHook, folder: Path) -> tuple[str, Path]:
        """Return what the raw file is called, and where it lies on this worker."""
        from causeway.ingestion import samples

        target = folder / "raw"
        if not self.data:
            samples.write(self.use_case, int(self.rows), int(self.sample_seed), target)
            return f"synthetic sample ({self.rows} rows, seed {self.sample_seed})", target
        if self.data.startswith("s3://"):
            hook.download(self.data, target)
            return self.data, target
        if self.data == "published" or "://" in self.data:
            return self._published(case, folder)
        path = Path(self.data)
        try:
            path.open("rb").close()
        except OSError as error:
            raise BadInput(
                f"the raw file {path} cannot be read: {error.strerror or error}",
                next_step="Name a file that the Airflow worker can read, or an s3:// URI.",
            ) from error
        return str(path), path

    def _published(self, case: UseCase, folder: Path) -> tuple[str, Path]:
        """Download what the contract declares; whoever starts the DAG can name no other place."""
        from causeway_airflow.hooks.published import fetch

        published = case.data.published
        if published is None or self.data not in ("published", published.address):
            known = published.address if published else "none"
            raise BadInput(
                f"{self.data} is no address that use case {case.id} declares; declared: {known}",
                next_step="Give a path, an s3:// URI or `published`.",
            )
        return published.address, fetch(case, published, folder)


class FeatureIngestOperator(CausewayOperator):
    """Write engineered features into the feature groups of a use case.

    Every group's file is read and checked before the first record is written. Every row ends as
    written, unchanged, rejected or failed; rejected and failed rows are in a file beside the jobs.
    A record that breaks the contract of one group is rejected in the others, too. What was erased
    stays out, up to the event time of its erasure; such rows are rejected, but no fault of a file.

    :param use_case: the use case whose groups are filled
    :param source: the folder with one Parquet file a group (templated)
    :param stores: `both`, `online`, or `offline` for a bulk backfill as Parquet (templated)
    :param max_rejected: the share of rows that may break the contract; with more, nothing is
        written
    :param skip_unchanged: leave out what the online store holds in the same form
    :param job: the feature job that made the source, for lineage (templated)
    :returns: the summary by group
    """

    template_fields = (*CausewayOperator.template_fields, "source", "stores", "job")

    def __init__(
        self,
        *,
        use_case: str,
        source: str,
        stores: str = "both",
        max_rejected: float = 0.0,
        skip_unchanged: bool = True,
        job: str = "",
        account_role: str = "data",
        duty: str = "ingester",
        **kwargs: Any,
    ) -> None:
        groups = case_of(use_case).feature_groups
        kwargs.setdefault("outlets", [feature_group(group.name) for group in groups])
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.use_case = use_case
        self.source = source
        self.stores = stores
        self.max_rejected = max_rejected
        self.skip_unchanged = skip_unchanged
        self.job = job

    def perform(self, context: Context) -> dict[str, dict[str, Any]]:
        """Check every file, make the groups, write, account for every row."""
        from causeway_airflow.hooks.feature_ingest import TARGETS, FeatureIngest
        from causeway_airflow.hooks.feature_store import FeatureGroupsHook

        if self.stores not in TARGETS:
            raise ConfigError(
                f"records cannot go to {self.stores!r}",
                next_step=f"Give one of {', '.join(TARGETS)}.",
            )
        stores, case, places = self.stores, case_of(self.use_case), topology()
        role = AccountRole(self.account_role)
        key = places.key_alias_arn(role)
        rejects = f"s3://{places.bucket(role)}/jobs/{case.id}/rejects"
        with tempfile.TemporaryDirectory(prefix="causeway-ingest-") as folder:
            ingest = FeatureIngest(self.connection(), self.region_name, Path(folder), self.log)
            erased = {group.name: self._erased(group.name) for group in case.feature_groups}

            def stage(refused: dict[str, str]) -> list[Staged]:
                found = self._staged(ingest, case, stores, refused, erased)
                for one in found:
                    if one.share > self.max_rejected:
                        raise ingest.too_many(one, ingest.keep_rejects(one, rejects, key))
                return found

            staged = stage({})
            refused = {name: one.group.name for one in staged for name in one.refused}
            if refused:
                # A record is rejected in all groups or in none: its parts belong together.
                staged = stage(refused)
            groups = FeatureGroupsHook(self.connection(), self.region_name)
            described = {}
            for group in case.feature_groups:
                request = create_request(group, case, places, kms_key_id=key)
                made, changed, described[group.name] = groups.ensure(request)
                if made or changed:
                    groups.describe_features(group, case)
            result: dict[str, dict[str, Any]] = {}
            lost: list[str] = []
            for one in staged:
                ingest.commit(
                    one,
                    stores,
                    described[one.group.name],
                    skip_unchanged=self.skip_unchanged and self.stores != "offline",
                )
                uri = ingest.keep_rejects(one, rejects, key)
                summary = self._summary(context, case, one, uri)
                self._keep(summary)
                result[one.group.name] = summary.document()
                self.log.info("%s: %s", one.group.name, canonical_json(summary.document()))
                # How a reader of the offline store knows that all of it has arrived there.
                context["outlet_events"][feature_group(one.group.name)].extra = summary.document()
                lost += [f"{one.group.name} row {f.row}: {f.code} {f.message}" for f in one.failed]
        if lost:
            raise PartialWrite(
                f"{len(lost)} records were not kept: {'; '.join(lost[:5])}",
                next_step="Run the task again; records that are stored already stay as they are.",
            )
        return result

    def _staged(
        self,
        ingest: FeatureIngest,
        case: UseCase,
        stores: Stores,
        refused: dict[str, str],
        erased: dict[str, dict[str, Withheld]],
    ) -> list[Staged]:
        """Read and check the file of every group; `refused` says where else a record is bad."""
        found = []
        for group in case.feature_groups:
            file = self._file(group_file(case, group))
            withheld = erased[group.name] | {
                record: Withheld(f"the record is rejected in {other}")
                for record, other in refused.items()
                if other != group.name
            }
            found.append(ingest.stage(group, case, file, stores, _now(), withheld))
        return found

    def _erased(self, group: str) -> dict[str, Withheld]:
        """Return the records that were erased from a group, or are being erased."""
        from causeway.erasure.erasures import erasure_of, erasures_of

        found = map(erasure_of, self._table.query(erasures_of(group)))
        return {one.record: one.withheld for one in found if one is not None}

    def _file(self, name: str) -> str:
        return f"{self.source.rstrip('/')}/{name}"

    def _summary(
        self, context: Context, case: UseCase, staged: Staged, rejects_uri: str
    ) -> IngestSummary:
        from causeway.features.health import IngestSummary

        rows, counts = staged.rows, staged.counts
        return IngestSummary(
            group=staged.group.name,
            use_case_id=case.id,
            source=staged.source,
            input_sha256=staged.digest,
            stores=self.stores,
            job=self.job,
            code=read_code(case.id).digest,
            commit=code_version().commit or "",
            run=str(context["dag_run"].run_id),
            rows=rows,
            written=staged.written,
            unchanged=staged.unchanged,
            rejected=staged.rejected,
            failed=len(staged.failed),
            retried=staged.retried,
            bytes=staged.size,
            seconds=round(time.monotonic() - staged.started, 3),
            rejects_uri=rejects_uri,
            empty={name: round(n / rows, 6) for name, n in counts.empty.items() if n},
            faulty={name: round(n / rows, 6) for name, n in counts.faulty.items() if n},
            finished_at=_now(),
        )

    def _keep(self, summary: IngestSummary) -> None:
        """Keep the summary with the stage table's data; a later one stays the latest."""
        from causeway.features.health import writes

        for write in writes(summary):
            self._table.apply(write)

    @property
    def _table(self) -> GovernanceHook:
        """The governance table, as its recorder."""
        from causeway_airflow.hooks.governance import GovernanceHook

        return GovernanceHook(self.connection("governance", "recorder"), self.region_name)


def _now() -> datetime:
    return datetime.now(UTC)
