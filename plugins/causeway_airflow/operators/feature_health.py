"""Looks at how old the feature groups' last ingestions are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causeway_airflow.bases.operator import CausewayOperator
from causeway_airflow.notifiers.alerts import run_of

if TYPE_CHECKING:
    from airflow.sdk import Context


class FeatureHealthOperator(CausewayOperator):
    """Raise an alert for each feature group whose last ingestion is older than its contract allows.

    A group without an ingestion so far is judged from its creation; one that does not exist yet, or
    has no `fresh_hours`, is not judged.

    :returns: by group that is stale, for how many hours
    """

    def __init__(
        self, *, account_role: str = "governance", duty: str = "recorder", **kwargs: Any
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> dict[str, float]:
        """Read the latest summaries, judge, alert."""
        from causeway_airflow.tasks.feature_health import judge

        return judge(self.hook, run_of(context))
