"""The operator that builds a dataset of shared features with Athena, and stores it by content."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from causeway_airflow.assets import feature_group
from causeway_airflow.bases.training import TrainingOperator
from causeway_airflow.bases.waiting import WaitingOperator
from causeway_airflow.configuration import case_and_model
from causeway_airflow.results import Dataset

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway.features.health import Appended
    from causeway_airflow.waits import Outcome


class BuildDatasetOperator(TrainingOperator, WaitingOperator[Dataset]):
    """Query the shared feature groups' offline store as their consumer and store one dataset.

    What it is made of the model declares under `dataset`. It waits until what the latest ingestion
    of each group sent is in the offline store, half an hour at most. The query goes up to the last
    write of the groups, which is the snapshot; a retry finds the query that ran.

    :param wait: how long to wait for the query before the task fails (and a retry finds it)
    :returns: `Dataset`
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
        self.groups = [joined.group for joined in spec.dataset.joined(case.feature_groups)]
        kwargs.setdefault("inlets", [feature_group(group) for group in self.groups])
        super().__init__(use_case=use_case, model=model, wait=wait, **kwargs)

    def begin(self, context: Context) -> Outcome[Dataset]:
        """Count, start or find the query, and take its result when it has one."""
        from causeway_airflow.tasks.datasets import begin

        case, model = case_and_model(self.use_case, self.model)
        return begin(self.hook, self.role, case, model, self._appended(context))

    def look(self, context: Context, **carried: Any) -> Outcome[Dataset]:
        """Take the result of the query that was carried over the wait."""
        from causeway_airflow.tasks.datasets import look

        case, model = case_and_model(self.use_case, self.model)
        return look(self.hook, self.role, case, model, self._appended(context), carried)

    def _appended(self, context: Context) -> Mapping[str, Appended]:
        """Return what each group's latest ingestion sent offline, as far as it is known."""
        from causeway.features.health import Appended

        appended = {}
        for group in self.groups:
            events = context["inlet_events"][feature_group(group)]
            rows = Appended.read(dict(events[-1].extra or {})) if len(events) else None
            if rows:
                appended[group] = rows
        return appended
