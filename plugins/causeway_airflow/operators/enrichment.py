"""The operator that reads the present features of some records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from causeway.errors import BadInput
from causeway.features.enrichment import typed
from causeway_airflow.operators.base import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class EnrichRecordsOperator(CausewayOperator):
    """Read records of a feature group online by their identifiers, up to 1000 of them.

    :param feature_group: a name, or another account's ARN (templated)
    :param records: the identifiers (templated)
    :param features: some of the group's features, empty for all (templated)
    :param missing: whether identifiers without a record fail the task or are reported
    :returns: `{"feature_group", "records": {id: {feature: value}}, "missing": [id]}`
    """

    template_fields = (*CausewayOperator.template_fields, "feature_group", "records", "features")

    def __init__(
        self,
        *,
        feature_group: str,
        records: Sequence[str],
        features: Sequence[str] = (),
        missing: Literal["report", "refuse"] = "report",
        account_role: str = "data_science",
        duty: str = "trainer",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.feature_group = feature_group
        self.records = records
        self.features = features
        self.missing = missing

    def perform(self, context: Context) -> dict[str, Any]:
        """Raises `BadInput` for identifiers without a record where they are refused."""
        from causeway_airflow.hooks.feature_store import FeatureGroupsHook
        from causeway_airflow.hooks.record_reads import RecordReadsHook

        groups = FeatureGroupsHook(self.connection(), self.region_name)
        described = groups.call("describe_feature_group", FeatureGroupName=self.feature_group)
        types = {one["FeatureName"]: one["FeatureType"] for one in described["FeatureDefinitions"]}
        found = RecordReadsHook(self.connection(), self.region_name).read(
            self.feature_group, [str(one) for one in self.records], list(self.features)
        )
        told = f"{len(found.missing)} of {len(found.records) + len(found.missing)} records"
        if found.missing and self.missing == "refuse":
            raise BadInput(
                f"{told} are not in {self.feature_group}: {', '.join(found.missing[:20])}",
                next_step="Ingest them, or take `missing='report'`.",
            )
        if found.missing:
            self.log.warning("%s are not in %s", told, self.feature_group)
        return {
            "feature_group": self.feature_group,
            "records": {one: typed(record, types) for one, record in found.records.items()},
            "missing": list(found.missing),
        }
