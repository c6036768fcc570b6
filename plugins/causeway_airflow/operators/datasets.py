"""The operator that builds a dataset of shared features with Athena, and stores it by content."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from causeway.accounts import DATA_CATALOG, WORKGROUP, AccountRole
from causeway.arns import FeatureGroupArn
from causeway.dataset_query import DatasetQuery, GroupTable, TableName, summary_sql
from causeway.datasets import dataset_spec
from causeway.documents import canonical_json, sha256
from causeway.errors import CausewayError, NameTaken, NotSharedYet
from causeway_airflow.assets import feature_group
from causeway_airflow.configuration import case_of, topology
from causeway_airflow.operators.training import TrainingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.hooks.athena import AthenaHook

#: Seconds in which a short query is waited for on the worker; deferring costs more.
PATIENCE = 3.0
#: Seconds for the query that counts what is there.
SUMMARY_SECONDS = 300.0


class BuildDatasetOperator(TrainingOperator):
    """Query the shared feature groups' offline store as their consumer and store one dataset.

    First a short query counts what is there and finds the last write, which is the snapshot; then
    the dataset's own query, which goes up to that snapshot, unloads to Parquet. Its text follows
    from the data, and its token from its text: a retry finds the query that ran.

    :param wait: how long to wait for the query before the task fails (and a retry finds it)
    :returns: `{"digest", "uri", "rows", "groups", "query_sha256", "snapshot", "execution_id"}`
    """

    def __init__(
        self, *, use_case: str, wait: timedelta = timedelta(hours=1), **kwargs: Any
    ) -> None:
        groups = case_of(use_case).feature_groups
        kwargs.setdefault("inlets", [feature_group(group.name) for group in groups])
        kwargs.setdefault("execution_timeout", wait + timedelta(minutes=10))
        super().__init__(use_case=use_case, **kwargs)
        self.wait = wait
        self._waited: dict[str, str] = {}

    def perform(self, context: Context) -> dict[str, Any]:  # noqa: RET503 - deferring raises
        """Count, start or find the query, and take its result; defer while it runs."""
        from causeway_airflow.hooks.athena import ATTEMPTS, AthenaHook
        from causeway_airflow.triggers.queries import QueryTrigger

        hook = AthenaHook(self.connection(), self.region_name)
        tables = self._tables()
        snapshot = self._snapshot(context, hook, tables)
        sql = DatasetQuery(tables[0], tables[1:], snapshot=snapshot).sql()
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
            if hook.meaning(described) != "failure":
                break
            self.log.warning("attempt %d: %s", attempt, hook.failure(described))
        self._waited = {
            "execution_id": described["QueryExecutionId"],
            "sql": sql,
            "snapshot": snapshot.isoformat(),
        }
        if hook.meaning(described) != "waiting":
            return self._result(hook, described)
        self.wait_for(
            QueryTrigger,
            lasting=self.wait,
            execution_id=described["QueryExecutionId"],
            resumed_with={"waited": self._waited},
        )

    def resume(
        self, context: Context, event: Any = None, waited: dict[str, str] | None = None
    ) -> Any:
        """Go on after the wait for the query that `waited` names."""
        self._waited = waited or self._waited
        return super().resume(context, event)

    def resumed(self, context: Context) -> dict[str, Any]:
        """Look at the query again: take its result, or raise why there is none."""
        from causeway_airflow.hooks.athena import AthenaHook

        hook = AthenaHook(self.connection(), self.region_name)
        described = hook.describe(self._waited["execution_id"])
        if hook.meaning(described) == "waiting":
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

        from causeway_airflow.hooks.artifacts import ArtifactsHook

        if hook.meaning(described) == "failure":
            raise self._failure(hook, described)
        case, store = case_of(self.use_case), ArtifactsHook(self.connection(), self.region_name)
        manifest = store.read(described["Statistics"]["DataManifestLocation"]).decode().split()
        parts = [pq.read_table(pa.BufferReader(store.read(uri))) for uri in manifest]
        if not parts:
            raise NotSharedYet(
                f"the feature groups of {case.id} have no records in common",
                principal=hook.principal,
                next_step="Run the features DAG again, then look at the groups' records.",
            )
        table = pa.concat_tables(parts)
        table = table.sort_by([(name, "ascending") for name in table.column_names])
        spec, sql = dataset_spec(case, table.combine_chunks()), self._waited["sql"]
        uri = self.bucket_uri(AccountRole(self.account_role), spec.key)
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        store.put(uri, sink.getvalue().to_pybytes(), sha256=spec.digest)
        about = {
            "digest": spec.digest,
            "groups": list(spec.groups),
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
        kept = ("digest", "rows", "groups", "query_sha256", "snapshot")
        return {
            **{name: about[name] for name in kept},
            "uri": uri,
            "execution_id": self._waited["execution_id"],
        }

    def _tables(self) -> list[GroupTable]:
        """Return where the groups' stores are, as their owner describes them."""
        from causeway_airflow.hooks.base import AwsCallError
        from causeway_airflow.hooks.feature_store import FeatureGroupsHook

        hook, found = FeatureGroupsHook(self.connection(), self.region_name), []
        for group in case_of(self.use_case).feature_groups:
            arn = str(FeatureGroupArn.of(topology(), AccountRole.DATA, group.name))
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
            found.append(
                GroupTable(
                    TableName(DATA_CATALOG, place["Database"], place["TableName"]),
                    group.record_identifier,
                    group.event_time,
                    {name: name for name in group.feature_names},
                )
            )
        return found

    def _snapshot(self, context: Context, hook: AthenaHook, tables: list[GroupTable]) -> datetime:
        """Return the last write of all groups; what was ingested must have arrived."""
        groups = [group.name for group in case_of(self.use_case).feature_groups]
        sql = "\nUNION ALL\n".join(
            f"SELECT {n} AS number, s.* FROM ({summary_sql(table)}) s"  # noqa: S608 - quoted there
            for n, table in enumerate(tables)
        )
        started = hook.start(sql, WORKGROUP, uuid4().hex)
        described = hook.settle(started, SUMMARY_SECONDS)
        if hook.meaning(described) != "success":
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
        return datetime.fromisoformat(last).replace(tzinfo=UTC)

    def _failure(self, hook: AthenaHook, described: dict[str, Any]) -> CausewayError:
        """Return why a query failed: the grant that is missing, else Athena's reason."""
        from causeway_airflow.hooks.athena import GrantsHook

        grants = GrantsHook(self.connection(), self.region_name)
        owner = topology().account(AccountRole.DATA)
        for table in self._tables():
            if missing := grants.missing(table.name, owner):
                return missing
        return hook.failure(described)

    def _ingested(self, context: Context, group: str) -> int:
        """Return how many records the last ingestion of a group had; 0 when none is known."""
        events = context["inlet_events"][feature_group(group)]
        extra = (events[-1].extra or {}) if len(events) else {}
        return int(str(extra.get("records", 0)))
