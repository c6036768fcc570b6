"""Operator of the reports on governance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from causeway_airflow.bases.operator import CausewayOperator
from causeway_airflow.parameters import Kind

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import GovernanceReports


class GovernanceReportsOperator(CausewayOperator):
    """Make reports of what the governance table holds; log and store them.

    It reads as the duty that may read and change nothing, and stores as its own.

    :param report: which, or `all` (templated)
    :param day: the day in UTC that they are of; today without one (templated)
    :param model: the model that they are about; every model without one (templated)
    :returns: `GovernanceReports`
    """

    template_fields = (*CausewayOperator.template_fields, "report", "day", "model")
    conf_parameters: ClassVar[Mapping[str, Kind]] = {
        "day": "optional text",
        "model": "optional text",
    }

    def __init__(
        self,
        *,
        report: str = "all",
        day: str | None = None,
        model: str | None = None,
        account_role: str = "governance",
        duty: str = "recorder",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.report = report
        self.day: Any = day
        self.model: Any = model

    def perform(self, context: Context) -> GovernanceReports:
        """Raises `ConfigError` when there is no such report, model or day."""
        from causeway_airflow.tasks.governance_reports import write_reports

        return write_reports(self.hook, report=self.report, day=self.day, model=self.model)
