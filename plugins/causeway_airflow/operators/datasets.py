"""The operator that builds a dataset of shared features with Athena, and stores it by content."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from causeway.digests import canonical_json, sha256
from causeway.errors import CausewayError, NameTaken, NotSharedYet
from causeway.instants import instant, unzoned
from causeway.statuses import Meaning
from causeway.topology.accounts import AccountRole
from causeway.topology.arns import FeatureGroupArn
from causeway.topology.names import WORKGROUP
from causeway_airflow.assets import feature_group
from causeway_airflow.configuration import case_and_model, topology
from causeway_airflow.operators.training import TrainingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway.datasets.datasets import Place
    from causeway.datasets.query import DatasetQuery, GroupTable
    from causeway_airflow.hooks.athena import AthenaHook

#: Seconds in which a short query is waited for on the worker; deferring costs more.
PATIENCE = 3.0
#: Seconds for the query that counts what is there.
SUMMARY_SECONDS = 300.0


class BuildDatasetOperator(TrainingOperator):
    """Query the shared feature groups' offline store as their consumer and store one dataset.

    What it is made of the model declares under `dataset`. First a short query counts what is there
    and finds the last write, which is the snapshot; a second counts the rows without a record in a
    joined group. Then the dataset's own query, which goes up to that snapshot, unloads to Parquet.
    Its text follows from the data, and its token from its text: a retry finds the query that ran.

    :param wait: how long to wait for the query before the task fails (and a retry finds it)
    :returns: `{"digest", "uri", "rows", "groups", "missing", "query_sha256", "snapshot",
        "execution_id"}`; `missing` counts, by group, rows without a record there
    """

    def __init__(
        self,
        *,
        use_case: str,
        model: str,
        wait: timedelta = timedelta(hours=1),
        **kwargs: Any,
    ) -> None:
        case, spec = case_and_model(use_case, model)
        groups = spec.dataset.joined(case.feature_groups)
        kwargs.setdefault("inlets", [feature_group(one.group) for one in groups])
        kwargs.setdefault("execution_timeout", wait + timedelta(minutes=10))
        super().__init__(use_case=use_case, model=model, **kwargs)
        self.wait = wait
        self._waited: dict[str, Any] = {}

    def perform(self, context: Context) -> dict[str, Any]:  # noqa: RET503 - deferring raises
        """Count, start or find the query, and take its result; defer while it runs."""
        from causeway.datasets.datasets import dataset_query, group_tables
        from causeway_airflow.hooks.athena import ATTEMPTS, AthenaHook
        from causeway_airflow.triggers.queries import QueryTrigger

        hook = AthenaHook(self.connection(), self.region_name)
        case, model = case_and_model(self.use_case, self.model)
        places = self._places()
        snapshot = self._snapshot(context, hook, group_tables(case, model, places))
        query = dataset_query(case, model, places, snapshot)
        missing = self._missing(hook, query)
        sql = query.sql()
        bucket = self.bucket_uri(AccountRole(self.account_role), "")
        described: dict[str, Any] = {}
        for attempt in range(1, ATTEMPTS + 1):
            token = sha256(f"{sql}#{attempt}")
            # A folder of its own: what an attempt that failed left there is in nobody's way.
            folder = f"{bucket}datasets/queries/{self.use_case}/{token}/"
            unload = (
                f"UNLOAD (\n{sql}\n) TO '{folder}' "
                "WITH (format = 'PARQUET', compression = 'SNAPPY')"
            )
            execution = hook.start(unload, WORKGROUP, token)
            described = hook.settle(execution, PATIENCE)
            if hook.meaning(described) is not Meaning.FAILURE:
                break
            self.log.warning("attempt %d: %s", attempt, hook.failure(described))
        self._waited = {
            "execution_id": described["QueryExecutionId"],
            "sql": sql,
            "snapshot": instant(query.snapshot or snapshot),
            "missing": missing,
        }
        if hook.meaning(described) is not Meaning.WAITING:
            return self._result(hook, described)
        self.wait_for(
            QueryTrigger,
            lasting=self.wait,
            execution_id=described["QueryExecutionId"],
            resumed_with={"waited": self._waited},
        )

    def resume(
        self, context: Context, event: Any = None, waited: dict[str, Any] | None = None
    ) -> Any:
        """Go on after the wait for the query that `waited` names."""
        self._waited = waited or self._waited
        return super().resume(context, event)

    def resumed(self, context: Context) -> dict[str, Any]:
        """Look at the query again: take its result, or raise why there is none."""
        from causeway_airflow.hooks.athena import AthenaHook

        hook = AthenaHook(self.connection(), self.region_name)
        described = hook.describe(self._waited["execution_id"])
        if hook.meaning(described) is Meaning.WAITING:
            raise NotSharedYet(
                f"query {self._waited['execution_id']} still runs after {self.wait}",
                principal=hook.principal,
                next_step="Re-run the task: it finds the query and goes on waiting.",
            )
        return self._result(hook, described)

    def _result(self, hook: AthenaHook, described: dict[str, Any]) -> dict[str, Any]:
        """Bring what the query unloaded into order and store it under its digest."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        from causeway.datasets.datasets import dataset_spec, identifiers, require_bounded
        from causeway_airflow.hooks.artifacts import ArtifactsHook

        if hook.meaning(described) is Meaning.FAILURE:
            raise self._failure(hook, described)
        case, model = case_and_model(self.use_case, self.model)
        store = ArtifactsHook(self.connection(), self.region_name)
        manifest = store.read(described["Statistics"]["DataManifestLocation"]).decode().split()
        sizes = [int((store.head(uri) or {}).get("ContentLength", 0)) for uri in manifest]
        require_bounded(sum(sizes), f"the dataset of {model.name}")
        parts = [pq.read_table(pa.BufferReader(store.read(uri))) for uri in manifest]
        if not parts:
            raise NotSharedYet(
                f"the dataset of {model.name} has no rows: its feature groups have no records in "
                "common",
                principal=hook.principal,
                next_step="Run the features DAG again, then look at the groups' records.",
            )
        table = pa.concat_tables(parts)
        table = table.sort_by([(name, "ascending") for name in table.column_names])
        spec, sql = dataset_spec(case, model, table.combine_chunks()), self._waited["sql"]
        uri = self.bucket_uri(AccountRole(self.account_role), spec.key)
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        store.put(uri, sink.getvalue().to_pybytes(), sha256=spec.digest)
        about = {
            "digest": spec.digest,
            "groups": list(spec.groups),
            "identifiers": identifiers(case, model),
            "declared": model.dataset.model_dump(mode="json"),
            "missing": self._waited["missing"],
            "query": sql,
            "query_sha256": sha256(sql),
            "rows": spec.rows,
            "schema": {field.name: str(field.type) for field in table.schema},
            "snapshot": self._waited["snapshot"],
        }
        beside = uri.replace("dataset.parquet", "dataset.json")
        text = canonical_json(about).encode()
        with suppress(NameTaken):  # another snapshot held the same rows: what it wrote stays
            store.put(beside, text, sha256=sha256(text))
        self.log.info("dataset %s: %d rows", spec.digest, spec.rows)
        kept = ("digest", "rows", "groups", "missing", "query_sha256", "snapshot")
        return {
            **{name: about[name] for name in kept},
            "uri": uri,
            "execution_id": self._waited["execution_id"],
        }

    def _places(self) -> dict[str, Place]:
        """Return where the groups' stores are, as their owner describes them."""
        from causeway.datasets.datasets import Place
        from causeway_airflow.hooks.base import AwsCallError
        from causeway_airflow.hooks.feature_store import FeatureGroupsHook

        hook, found = FeatureGroupsHook(self.connection(), self.region_name), {}
        case, model = case_and_model(self.use_case, self.model)
        for joined in model.dataset.joined(case.feature_groups):
            arn = str(FeatureGroupArn.of(topology(), AccountRole.DATA, joined.group))
            try:
                described = hook.call("describe_feature_group", FeatureGroupName=arn)
            except AwsCallError as error:
                if not error.denied:
                    raise
                raise NotSharedYet(
                    f"{arn} is not shared with this account yet ({error.code})",
                    principal=hook.principal,
                    next_step="Run platform__sharing; this task looks again.",
                ) from error
            place = described["OfflineStoreConfig"]["DataCatalogConfig"]
            types = {
                one["FeatureName"]: one["FeatureType"] for one in described["FeatureDefinitions"]
            }
            found[joined.group] = Place(
                place["Database"],
                place["TableName"],
                "Fractional" if types[described["EventTimeFeatureName"]] != "String" else "String",
            )
        return found

    def _missing(self, hook: AthenaHook, query: DatasetQuery) -> dict[str, int]:
        """Return how many rows lack a record, by group; log them, or refuse as declared."""
        from causeway.datasets.datasets import absent

        if not query.joined:
            return {}
        case, model = case_and_model(self.use_case, self.model)
        started = hook.start(query.missing_sql(), WORKGROUP, uuid4().hex)
        described = hook.settle(started, SUMMARY_SECONDS)
        if hook.meaning(described) is not Meaning.SUCCESS:
            raise self._failure(hook, described)
        (counted,) = hook.rows(started)
        found = absent(case, model, counted)
        policies = {
            one.group: model.dataset.missing_of(one)
            for one in model.dataset.joined(case.feature_groups)
        }
        for one in found:
            self.log.warning(
                "%d of %d rows have no record in %s (such as %s): %s",
                *(one.rows, one.of, one.group, one.example, policies[one.group]),
            )
        return {one.group: one.rows for one in found}

    def _snapshot(
        self, context: Context, hook: AthenaHook, tables: Sequence[GroupTable]
    ) -> datetime:
        """Return the last write of all groups; what was ingested must have arrived."""
        from causeway.datasets.query import summary_sql

        case, model = case_and_model(self.use_case, self.model)
        groups = [one.group for one in model.dataset.joined(case.feature_groups)]
        sql = "\nUNION ALL\n".join(
            f"SELECT {n} AS number, s.* FROM ({summary_sql(table)}) s"  # noqa: S608 - quoted there
            for n, table in enumerate(tables)
        )
        started = hook.start(sql, WORKGROUP, uuid4().hex)
        described = hook.settle(started, SUMMARY_SECONDS)
        if hook.meaning(described) is not Meaning.SUCCESS:
            raise self._failure(hook, described)
        rows = {int(row["number"]): row for row in hook.rows(started)}
        for number, name in enumerate(groups):
            there = int(rows[number]["records"])
            if there < max(1, self._ingested(context, name)):
                # The offline store follows the online one by minutes (Feature Store guide).
                raise NotSharedYet(
                    f"the offline store of {name} holds {there} records, fewer than were ingested",
                    principal=hook.principal,
                    next_step="Run the features DAG first; after it, wait up to 15 minutes.",
                )
        last = max(row["written"] for row in rows.values())
        return unzoned(last)

    def _failure(self, hook: AthenaHook, described: dict[str, Any]) -> CausewayError:
        """Return why a query failed: the grant that is missing, else Athena's reason."""
        from causeway.datasets.datasets import group_tables
        from causeway_airflow.hooks.athena import GrantsHook

        grants = GrantsHook(self.connection(), self.region_name)
        owner = topology().account(AccountRole.DATA)
        case, model = case_and_model(self.use_case, self.model)
        for table in group_tables(case, model, self._places()):
            if missing := grants.missing(table.name, owner):
                return missing
        return hook.failure(described)

    def _ingested(self, context: Context, group: str) -> int:
        """Return how many records the last ingestion of a group had; 0 when none is known."""
        events = context["inlet_events"][feature_group(group)]
        extra = (events[-1].extra or {}) if len(events) else {}
        return int(str(extra.get("records", 0)))
