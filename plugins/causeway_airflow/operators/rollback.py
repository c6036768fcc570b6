"""Operators that bring a model's production endpoint back to an earlier version."""

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

    from causeway.use_cases.use_case import ModelSpec, UseCase
    from causeway_airflow.results import Deployed
    from causeway_airflow.waits import Outcome


class RollBackOperator(WaitingOperator["Deployed"]):
    """Bring the production endpoint back to a version that was live before.

    Takes the lease on the endpoint, as a deployment does. A version may be gone back to that was
    live under the fingerprint that it was first seen with, and that nobody has stopped; the table
    alone says so. What was live is superseded in the same write.

    :param use_case: the use case
    :param model: the model
    :param version: the version's number; none: the last that was live before (templated)
    :param reason: why; it is recorded (templated)
    :param wait: how long the endpoint may take
    :returns: `Deployed`
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

    def begin(self, context: Context) -> Outcome[Deployed]:
        """Choose, take the lease, begin."""
        from causeway_airflow.tasks.rollback import begin

        run_id, user = _run(context)
        return begin(self.hook, *self._model(), self.version, run_id, user)

    def look(self, context: Context, **carried: Any) -> Outcome[Deployed]:
        """Judge the endpoint, write what is live."""
        from causeway_airflow.tasks.rollback import look

        run_id, user = _run(context)
        return look(self.hook, *self._model(), self.version, run_id, user, self.reason, **carried)

    def _model(self) -> tuple[UseCase, ModelSpec]:
        return case_and_model(self.use_case, self.model)


class AskProductionOperator(CausewayOperator):
    """Ask the production endpoint about a few held-out rows.

    :param use_case: the use case
    :param model: the model
    :returns: the predictions
    """

    def __init__(self, *, use_case: str, model: str, **kwargs: Any) -> None:
        super().__init__(account_role="prod", duty="deployer", **kwargs)
        self.use_case = use_case
        self.model = model

    def perform(self, context: Context) -> list[list[float]]:
        """Predict."""
        from causeway_airflow.tasks.rollback import ask

        case, model = case_and_model(self.use_case, self.model)
        return ask(self.hook, case, model, *_run(context))


def _run(context: Context) -> tuple[str, str]:
    run = context["dag_run"]
    return run.run_id, getattr(run, "triggering_user_name", None) or "nobody known"
