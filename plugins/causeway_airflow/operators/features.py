"""Operators that bring data in: a raw file validated and stored, features ingested."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from causeway.digests import canonical_json
from causeway.errors import ConfigError, PartialWrite
from causeway.features.groups import group_file
from causeway.features.withheld import Withheld
from causeway.topology.accounts import AccountRole
from causeway.training.jobs import read_code
from causeway_airflow.assets import feature_group
from causeway_airflow.configuration import case_of, code_version, topology
from causeway_airflow.operators.base import CausewayOperator
from causeway_airflow.parameters import Kind

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway.features.health import IngestSummary
    from causeway.use_cases.use_case import UseCase
    from causeway_airflow.hooks.feature_ingest import FeatureIngest, Staged, Stores
    from causeway_airflow.hooks.governance import GovernanceHook
    from causeway_airflow.results import ValidatedFile


class ValidateRawOperator(CausewayOperator):
    """Check a raw file against the contract and store it under its digest.

    Nothing is written before the whole file was found good.

    :param use_case: the use case whose contract holds
    :param data: a path that the worker can read, an `s3://` URI, `published` or the published
        address of the contract, or empty for the use case's seeded synthetic sample (templated)
    :param rows: rows of the sample (templated)
    :param sample_seed: seed of the sample (templated)
    :returns: `ValidatedFile`
    """

    template_fields = (*CausewayOperator.template_fields, "data", "rows", "sample_seed")
    conf_parameters: ClassVar[Mapping[str, Kind]] = {
        "data": "optional text",
        "rows": "integer",
        "sample_seed": "integer",
    }

    def __init__(
        self,
        *,
        use_case: str,
        data: str | None,
        rows: int | str = 1000,
        sample_seed: int | str = 0,
        account_role: str = "data",
        duty: str = "ingester",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.use_case = use_case
        self.data = data
        self.rows: Any = rows  # an int once it is rendered and read
        self.sample_seed: Any = sample_seed

    def perform(self, context: Context) -> ValidatedFile:
        """Read, validate, store."""
        from causeway_airflow.tasks.raw_data import Sample, validate

        sample = Sample(self.rows, self.sample_seed)
        return validate(self.hook, AccountRole(self.account_role), self.use_case, self.data, sample)


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
        from causeway_airflow.tasks.feature_groups import describe_features, ensure, request_of

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
                ensured = ensure(groups, request_of(group, case, role))
                described[group.name] = ensured.description
                if ensured.created or ensured.changed:
                    describe_features(groups, group, case)
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
