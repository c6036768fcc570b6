"""The operator that records a use case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causeway_airflow.bases.operator import CausewayOperator
from causeway_airflow.notifiers.alerts import run_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import RecordedUseCase


class RecordUseCaseOperator(CausewayOperator):
    """Record a use case in its proof of concept, or amend the record; again, it changes nothing.

    :param use_case: the use case's id (templated)
    :param name: what it is called; empty: as recorded, else as its file says, like the four after
        it (templated)
    :param risk: by the EU AI Act; `unacceptable` is refused (templated)
    :param owner_of_use_case: the person who answers for it (templated)
    :param line_of_business: the line of business (templated)
    :param project: the project (templated)
    :param stakeholders: whom it concerns (templated)
    :param mitigation: what is done about its risks (templated)
    :param oversight: how people oversee it (templated)
    :returns: `RecordedUseCase`
    """

    template_fields = (
        *CausewayOperator.template_fields,
        "use_case",
        "name",
        "risk",
        "owner_of_use_case",
        "line_of_business",
        "project",
        "stakeholders",
        "mitigation",
        "oversight",
    )

    def __init__(
        self,
        *,
        use_case: str,
        name: str = "",
        risk: str = "",
        owner_of_use_case: str = "",
        line_of_business: str = "",
        project: str = "",
        stakeholders: str = "",
        mitigation: str = "",
        oversight: str = "",
        account_role: str = "governance",
        duty: str = "decider",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.use_case = use_case
        self.name = name
        self.risk = risk
        self.owner_of_use_case = owner_of_use_case
        self.line_of_business = line_of_business
        self.project = project
        self.stakeholders = stakeholders
        self.mitigation = mitigation
        self.oversight = oversight

    def perform(self, context: Context) -> RecordedUseCase:
        """Raises `BadInput` for what is not recorded, `ConfigError` for a user who is nobody."""
        from causeway_airflow.tasks.use_case_records import record_use_case

        answers = {
            "id": self.use_case,
            "name": self.name,
            "risk": self.risk,
            "owner": self.owner_of_use_case,
            "line_of_business": self.line_of_business,
            "project": self.project,
            "stakeholders": self.stakeholders,
            "mitigation": self.mitigation,
            "oversight": self.oversight,
        }
        run = context["dag_run"]
        stripped = {name: text.strip() for name, text in answers.items()}
        return record_use_case(self.hook, stripped, run.triggering_user_name, run_of(context))
