"""Operator of the access log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from causeway_airflow.bases.operator import CausewayOperator
from causeway_airflow.parameters import Kind

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import AccessLog


class AccessLogOperator(CausewayOperator):
    """Say who read, wrote or was refused which feature group, card and version in a month.

    It reads as the auditors of the data and the shared services account, and stores as its own
    duty.

    :param month: the month in UTC, as 2026-03; without one, the last that is over (templated)
    :returns: `AccessLog`
    """

    template_fields = (*CausewayOperator.template_fields, "month")
    conf_parameters: ClassVar[Mapping[str, Kind]] = {"month": "optional text"}

    def __init__(
        self,
        *,
        month: str | None = None,
        account_role: str = "governance",
        duty: str = "recorder",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.month: Any = month

    def perform(self, context: Context) -> AccessLog:
        """Raises `ConfigError` for a month that is none, or has not begun."""
        from causeway_airflow.tasks.access_log import write_log

        return write_log(self.hook, self.month)
