"""The operator that reads the present features of some records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from causeway_airflow.bases.operator import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import EnrichedRecords


class EnrichRecordsOperator(CausewayOperator):
    """Read records of a feature group online by their identifiers, up to 1000 of them.

    :param feature_group: a name, or another account's ARN (templated)
    :param records: the identifiers (templated)
    :param features: some of the group's features, empty for all (templated)
    :param missing: whether identifiers without a record fail the task or are reported
    :returns: `EnrichedRecords`
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

    def perform(self, context: Context) -> EnrichedRecords:
        """Raises `BadInput` for identifiers without a record where they are refused."""
        from causeway_airflow.tasks.enrichment import enrich

        ids = [str(name) for name in self.records]
        return enrich(self.hook, self.feature_group, ids, list(self.features), self.missing)
