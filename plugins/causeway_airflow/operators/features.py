"""Operators that bring data in: a raw file validated and stored, features ingested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk.exceptions import AirflowSkipException

from causeway.topology.account_roles import AccountRole
from causeway_airflow.assets import feature_group
from causeway_airflow.bases.operator import CausewayOperator
from causeway_airflow.configuration import case_of
from causeway_airflow.parameters import Kind

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import IngestedGroup, ValidatedFile


class ValidateRawOperator(CausewayOperator):
    """Check a raw file against the contract and store it under its digest.

    Nothing is written before the whole file has passed.

    :param use_case: the use case whose contract holds
    :param data: a file of the inbox, an `s3://` URI, `published` or the published address of the
        contract, or, on a local topology, `sample` for the use case's seeded synthetic one
        (templated)
    :param as_of: the day or instant whose state the file describes, the event time of its records,
        where the contract takes it from the delivery; empty for the contract's (templated)
    :param rows: rows of the sample (templated)
    :param sample_seed: seed of the sample (templated)
    :param sample_over_records: write the sample although the groups hold records of another source
        (templated)
    :param raw_source: the raw source that the file is of, where the use case has several
    :param chosen: the source that the run brings in, or `all`; the task of another one is skipped
        (templated)
    :returns: `ValidatedFile`
    """

    template_fields = (
        *CausewayOperator.template_fields,
        "data",
        "as_of",
        "rows",
        "sample_seed",
        "sample_over_records",
        "chosen",
    )
    conf_parameters: ClassVar[Mapping[str, Kind]] = {
        "data": "optional text",
        "as_of": "optional text",
        "rows": "integer",
        "sample_seed": "integer",
        "sample_over_records": "boolean",
        "chosen": "optional text",
    }

    def __init__(
        self,
        *,
        use_case: str,
        data: str | None,
        as_of: str | None = None,
        rows: int | str = 1000,
        sample_seed: int | str = 0,
        sample_over_records: bool | str = False,
        raw_source: str | None = None,
        chosen: str | None = None,
        account_role: str = "data",
        duty: str = "ingester",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.use_case = use_case
        self.data = data
        self.as_of = as_of
        self.rows: Any = rows  # an int once it is rendered and read
        self.sample_seed: Any = sample_seed
        self.sample_over_records: Any = sample_over_records
        self.raw_source = raw_source
        self.chosen = chosen

    def perform(self, context: Context) -> ValidatedFile:
        """Read, validate, store."""
        from causeway_airflow.tasks.raw_data import Sample, is_chosen, validate

        if self.raw_source and not is_chosen(
            self.use_case, self.raw_source, self.chosen, self.data
        ):
            raise AirflowSkipException(f"the run brings in {self.chosen}")
        role = AccountRole(self.account_role)
        sample = Sample(self.rows, self.sample_seed, self.sample_over_records)
        return validate(
            self.hook, role, self.use_case, self.data, self.as_of, sample, self.raw_source
        )


class FeatureIngestOperator(CausewayOperator):
    """Write engineered features into the feature groups of a use case, or of one of its sources.

    Every group's file is read and checked before the first record is written. Every row ends as
    written, unchanged, rejected or failed; rejected and failed rows are in a file beside the jobs.
    A record that breaks the contract of one group is rejected in the others, too. An erased record
    is kept out, up to the event time of its erasure: its rows are rejected, but do not count
    against `max_rejected`. A record that differs from the stored one, with the same event time,
    fails: the online store would keep the one that it has.

    :param use_case: the use case whose groups are filled
    :param source: the folder with one Parquet file a group (templated)
    :param stores: `both`, `online`, or `offline` for a bulk backfill as Parquet (templated)
    :param max_rejected: the share of rows that may break the contract; with more, nothing is
        written
    :param skip_unchanged: leave out records that the online store has in the same form
    :param job: the feature job that made the source, for lineage (templated)
    :param raw_source: the raw source whose groups are filled, where the use case has several
    :param raw: the result of the validation, which says where the rows come from; without it the
        groups count as of unknown origin (templated)
    :returns: `IngestedGroup` by group
    """

    template_fields = (*CausewayOperator.template_fields, "source", "stores", "job", "raw")

    def __init__(
        self,
        *,
        use_case: str,
        source: str,
        stores: str = "both",
        max_rejected: float = 0.0,
        skip_unchanged: bool = True,
        job: str = "",
        raw: ValidatedFile | None = None,
        raw_source: str | None = None,
        account_role: str = "data",
        duty: str = "ingester",
        **kwargs: Any,
    ) -> None:
        groups = case_of(use_case).raw_source(raw_source).groups
        kwargs.setdefault("outlets", [feature_group(group.name) for group in groups])
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.use_case = use_case
        self.source = source
        self.stores: Any = stores  # checked when it is rendered
        self.max_rejected = max_rejected
        self.skip_unchanged = skip_unchanged
        self.job = job
        self.raw = raw
        self.raw_source = raw_source

    def perform(self, context: Context) -> dict[str, IngestedGroup]:
        """Check every file, create the groups, write, account for every row."""
        from causeway_airflow.tasks.ingestion import Ingestion, ingest, origin_of

        ingestion = Ingestion(
            role=AccountRole(self.account_role),
            use_case=self.use_case,
            source=self.source,
            raw_source=self.raw_source,
            stores=self.stores,
            max_rejected=self.max_rejected,
            skip_unchanged=self.skip_unchanged,
            job=self.job,
            origin=origin_of(self.raw, self.source),
            run=str(context["dag_run"].run_id),
        )
        summaries = ingest(self.hook, ingestion)
        for name, summary in summaries.items():
            # How a reader of the offline store knows that all of it has arrived there.
            extra: Any = dict(summary)
            context["outlet_events"][feature_group(name)].extra = extra
        return summaries
