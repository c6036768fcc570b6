"""Operators that bring data in: a raw file validated and stored, features ingested."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causeway.accounts import AccountRole
from causeway.errors import BadInput, ConfigError
from causeway.features import (
    changed,
    check_described,
    create_request,
    group_file,
    raw_key,
    records_for,
)
from causeway.jobs import JOBS_DIR
from causeway.raw_data import validate_raw
from causeway_airflow.assets import feature_group
from causeway_airflow.configuration import case_of, topology
from causeway_airflow.operators.base import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.hooks.artifacts import ArtifactsHook


class ValidateRawOperator(CausewayOperator):
    """Check a raw file against the contract and store it under its digest.

    Nothing is written before the whole file was found good.

    :param use_case: the use case whose contract holds
    :param data: a path that the worker can read, an `s3://` URI, or empty for the use case's
        seeded synthetic sample (templated)
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
        from causeway_airflow.hooks.artifacts import ArtifactsHook

        case, hook = case_of(self.use_case), ArtifactsHook(self.connection(), self.region_name)
        what, content = self._read(hook)
        table = validate_raw(content, case, file=what)
        bucket = topology().bucket(AccountRole(self.account_role))
        uri = f"s3://{bucket}/{raw_key(case, table.sha256)}"
        stored = hook.put(uri, content, sha256=table.sha256)
        self.log.info("%s: %d rows, %s", what, len(table), uri)
        return {
            "data": what,
            "sha256": table.sha256,
            "uri": uri,
            "rows": len(table),
            "stored": stored.created,
        }

    def _read(self, hook: ArtifactsHook) -> tuple[str, bytes]:
        if not self.data:
            what = f"synthetic sample ({self.rows} rows, seed {self.sample_seed})"
            return what, self._sample().encode()
        if self.data.startswith("s3://"):
            return self.data, hook.read(self.data)
        path = Path(self.data)
        try:
            return str(path), path.read_bytes()
        except OSError as error:
            raise BadInput(
                f"the raw file {path} cannot be read: {error.strerror or error}",
                next_step="Name a file that the Airflow worker can read, or an s3:// URI.",
            ) from error

    def _sample(self) -> str:
        path = JOBS_DIR / self.use_case / "sample.py"
        spec = importlib.util.spec_from_file_location(f"causeway_sample_{self.use_case}", path)
        if spec is None or spec.loader is None or not path.is_file():
            raise ConfigError(
                f"use case {self.use_case} has no synthetic sample",
                next_step=f"Name a raw file in the parameter `data`, or add {path}.",
            )
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return str(module.generate(int(self.rows), int(self.sample_seed)))


class IngestOperator(CausewayOperator):
    """Write engineered features into the feature groups: only records that are new or differ.

    Every group's records are checked before the first one is written.

    :param use_case: the use case whose groups are filled
    :param source: the folder with one Parquet file a group (templated)
    :returns: records and writes by group
    """

    template_fields = (*CausewayOperator.template_fields, "source")

    def __init__(
        self,
        *,
        use_case: str,
        source: str,
        account_role: str = "data",
        duty: str = "ingester",
        **kwargs: Any,
    ) -> None:
        groups = case_of(use_case).feature_groups
        kwargs.setdefault("outlets", [feature_group(group.name) for group in groups])
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.use_case = use_case
        self.source = source

    def perform(self, context: Context) -> dict[str, dict[str, int]]:
        """Read, check, compare with the online store, write what differs."""
        import pyarrow.parquet as pq

        from causeway_airflow.hooks.artifacts import ArtifactsHook
        from causeway_airflow.hooks.feature_store import FeatureGroupsHook, FeatureRecordsHook

        case, places = case_of(self.use_case), topology()
        files = ArtifactsHook(self.connection(), self.region_name)
        records = {}
        for group in case.feature_groups:
            content = files.read(f"{self.source.rstrip('/')}/{group_file(case, group)}")
            columns = pq.read_table(io.BytesIO(content)).to_pydict()
            records[group.name] = records_for(group, columns)
        groups = FeatureGroupsHook(self.connection(), self.region_name)
        key = places.key_alias_arn(AccountRole(self.account_role))
        for group in case.feature_groups:
            _, found = groups.ensure(create_request(group, case, places, kms_key_id=key))
            check_described(group, found)
        store = FeatureRecordsHook(self.connection(), self.region_name)
        result: dict[str, dict[str, int]] = {}
        for group in case.feature_groups:
            mine = records[group.name]
            stored = store.read(group.name, group.record_identifier, [r.record_id for r in mine])
            written = store.write(changed(mine, stored))
            result[group.name] = {"records": len(mine), "written": written}
            self.log.info("%s: %d records, %d written", group.name, len(mine), written)
            # How a reader of the offline store knows that all of it has arrived there.
            context["outlet_events"][feature_group(group.name)].extra = dict(result[group.name])
        return result
