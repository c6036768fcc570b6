"""Operators of the lineage's reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from causeway_airflow.bases.operator import CausewayOperator
from causeway_airflow.configuration import case_and_model
from causeway_airflow.parameters import Kind

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import LineageReport


class LineageReportOperator(CausewayOperator):
    """Store all that is on record of a version: what it came of, who decided, where it served.

    :param use_case: the use case
    :param model: the model
    :param version: the version's number; none: the one that is live (templated)
    :returns: `LineageReport`
    """

    template_fields = (*CausewayOperator.template_fields, "version")
    conf_parameters: ClassVar[Mapping[str, Kind]] = {"version": "optional integer"}

    def __init__(
        self,
        *,
        use_case: str,
        model: str,
        version: Any = "{{ params.version }}",
        account_role: str = "governance",
        duty: str = "recorder",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.use_case = use_case
        self.model = model
        self.version = version

    def perform(self, context: Context) -> LineageReport:
        """Raises `NotFound` when nothing is live, or there is no such version."""
        from causeway_airflow.tasks.lineage_reports import report_version

        _, model = case_and_model(self.use_case, self.model)
        return report_version(self.hook, model, self.version)


class FeatureRetirementOperator(CausewayOperator):
    """Ask what depends on a feature, or a feature group, that is to go; refuse if that is live.

    :param feature: `group.feature`, a group's name, or an ARN (templated)
    :param reason: why it is to go (templated)
    :returns: `LineageReport`
    """

    template_fields = (*CausewayOperator.template_fields, "feature", "reason")

    def __init__(
        self,
        *,
        feature: str,
        reason: str,
        account_role: str = "governance",
        duty: str = "recorder",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.feature = feature
        self.reason = reason

    def perform(self, context: Context) -> LineageReport:
        """Raises `FeatureInUse` while a live endpoint depends on it."""
        from causeway_airflow.tasks.lineage_reports import judge_retirement

        return judge_retirement(self.hook, self.feature, self.reason)
