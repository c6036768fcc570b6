"""Operators of a training: the dataset, and the candidates tracked and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causeway.accounts import AccountRole
from causeway.arns import FeatureGroupArn
from causeway.datasets import dataset_spec, join_groups, latest_records
from causeway.errors import NotSharedYet
from causeway_airflow.assets import feature_group
from causeway_airflow.configuration import case_of, topology
from causeway_airflow.operators.base import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.hooks.feature_store import FeatureGroupsHook

METRICS_FILE = "metrics.json"


class TrainingOperator(CausewayOperator):
    """A task of one model's training, acting in the data science account by default.

    :param use_case: the use case
    :param model: the model
    """

    def __init__(
        self,
        *,
        use_case: str,
        model: str,
        account_role: str = "data_science",
        duty: str = "trainer",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.use_case = use_case
        self.model = model

    def bucket_uri(self, role: AccountRole, key: str) -> str:
        """Return the URI of a key in an account role's bucket."""
        return f"s3://{topology().bucket(role)}/{key}"


class BuildDatasetOperator(TrainingOperator):
    """Read the shared feature groups' offline store as their consumer and store one dataset.

    :returns: `{"digest", "uri", "rows", "groups"}`
    """

    def __init__(self, *, use_case: str, **kwargs: Any) -> None:
        groups = case_of(use_case).feature_groups
        kwargs.setdefault("inlets", [feature_group(group.name) for group in groups])
        super().__init__(use_case=use_case, **kwargs)

    def perform(self, context: Context) -> dict[str, Any]:
        """Read the latest records of each group, join them, store the table under its digest."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        from causeway_airflow.hooks.artifacts import ArtifactsHook
        from causeway_airflow.hooks.feature_store import FeatureGroupsHook
        from causeway_airflow.hooks.offline_store import OfflineStoreHook

        case, places = case_of(self.use_case), topology()
        groups = FeatureGroupsHook(self.connection(), self.region_name)
        store = OfflineStoreHook(self.connection(), self.region_name)
        tables = {}
        for group in case.feature_groups:
            arn = str(FeatureGroupArn.of(places, AccountRole.DATA, group.name))
            found = self._described(groups, arn)
            where = found["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
            rows = store.read(where)
            there = len(set(rows[group.record_identifier].to_pylist())) if rows.num_rows else 0
            if there < max(1, self._ingested(context, group.name)):
                # The offline store follows the online one by minutes (Feature Store guide).
                raise NotSharedYet(
                    f"the offline store of {arn} holds {there} records, fewer than were ingested",
                    principal=store.principal,
                    next_step="Run the features DAG first; after it, wait up to 15 minutes.",
                )
            tables[group.name] = latest_records(group, rows)
        table = join_groups(case, tables)
        spec = dataset_spec(case, table)
        uri = self.bucket_uri(AccountRole(self.account_role), spec.key)
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        ArtifactsHook(self.connection(), self.region_name).put(
            uri, sink.getvalue().to_pybytes(), sha256=spec.digest
        )
        self.log.info("dataset %s: %d rows", spec.digest, spec.rows)
        return {"digest": spec.digest, "uri": uri, "rows": spec.rows, "groups": list(spec.groups)}

    def _ingested(self, context: Context, group: str) -> int:
        """Return how many records the last ingestion of a group had; 0 when none is known."""
        events = context["inlet_events"][feature_group(group)]
        extra = (events[-1].extra or {}) if len(events) else {}
        return int(str(extra.get("records", 0)))

    def _described(self, groups: FeatureGroupsHook, arn: str) -> dict[str, Any]:
        from causeway_airflow.hooks.base import AwsCallError

        try:
            return groups.call("describe_feature_group", FeatureGroupName=arn)
        except AwsCallError as error:
            if not error.denied:
                raise
            raise NotSharedYet(
                f"{arn} is not shared with this account yet ({error.code})",
                principal=groups.principal,
                next_step="Run platform__sharing; this task looks again.",
            ) from error
