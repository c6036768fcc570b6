"""Operators that take a version of a model out of production for good."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from causeway_airflow.bases.operator import CausewayOperator
from causeway_airflow.bases.waiting import WaitingOperator
from causeway_airflow.configuration import case_and_model
from causeway_airflow.parameters import Kind

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import Retired
    from causeway_airflow.waits import Outcome


class RetireOperator(WaitingOperator["Retired"]):
    """Take a version out of production: its endpoint, where it is live, and its record.

    Takes the lease on the endpoint, as a deployment does. Endpoint and record are written with one
    entry each in the audit, which says why and who asked.

    :param use_case: the use case
    :param model: the model
    :param version: the version's number; none: the one that is live (templated)
    :param reason: why; it is recorded (templated)
    :param wait: how long the endpoint may take to go
    :returns: `Retired`
    """

    template_fields = (*CausewayOperator.template_fields, "version", "reason")
    conf_parameters: ClassVar[Mapping[str, Kind]] = {"version": "optional integer"}
    ui_color = "#f8cecc"

    def __init__(
        self,
        *,
        use_case: str,
        model: str,
        version: Any = "{{ params.version }}",
        reason: str = "{{ params.reason }}",
        wait: timedelta = timedelta(hours=1),
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role="prod", duty="deployer", wait=wait, **kwargs)
        self.use_case = use_case
        self.model = model
        self.version = version
        self.reason = reason

    def begin(self, context: Context) -> Outcome[Retired]:
        """Delete, record, tell."""
        from causeway_airflow.tasks.retirement import begin

        case, model = case_and_model(self.use_case, self.model)
        run = context["dag_run"]
        user = getattr(run, "triggering_user_name", None) or "nobody known"
        return begin(self.hook, case, model, self.version, self.reason, run.run_id, user)

    def look(self, context: Context, **carried: Any) -> Outcome[Retired]:
        """Say what is gone."""
        from causeway_airflow.waits import Done

        result: Any = carried
        return Done(result)


class ArchiveCardOperator(CausewayOperator):
    """Archive the card of a model whose version was retired, where the form says so.

    An archived card never changes again: no other version of the group is promoted after that.

    :param use_case: the use case
    :param model: the model
    :param retired: what `RetireOperator` returned (templated)
    :param archive_card: whether to archive it (templated)
    :returns: whether the card was archived now
    """

    template_fields = (*CausewayOperator.template_fields, "retired", "archive_card")
    conf_parameters: ClassVar[Mapping[str, Kind]] = {"archive_card": "boolean"}

    def __init__(
        self,
        *,
        use_case: str,
        model: str,
        retired: Any,
        archive_card: Any = "{{ params.archive_card }}",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role="shared_services", duty="registry-owner", **kwargs)
        self.use_case = use_case
        self.model = model
        self.retired = retired
        self.archive_card = archive_card

    def perform(self, context: Context) -> bool:
        """Archive, or leave it."""
        from causeway_airflow.tasks.retirement import archive_card

        if not self.archive_card:
            return False
        case, model = case_and_model(self.use_case, self.model)
        return archive_card(self.hook, case, model, self.retired["version_arn"])
