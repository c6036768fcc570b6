"""The operator that ends a training: the registration of what passed the gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causeway_airflow.assets import model_group
from causeway_airflow.bases.training import JudgingOperator
from causeway_airflow.configuration import case_and_model

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import Registered


class RegisterModelOperator(JudgingOperator):
    """Copy the approved candidate to the shared bucket and register it in the shared group, once.

    The candidate is judged again first: only the report that this judgement makes is taken, and
    only as it was stored.

    :param report: the digest of the gate report (templated)
    :param mlflow_run: the candidate's MLflow run, for people who look it up (templated)
    :returns: `Registered`
    """

    template_fields = (*JudgingOperator.template_fields, "report", "mlflow_run")

    def __init__(
        self,
        *,
        use_case: str,
        model: str,
        report: str,
        mlflow_run: str,
        duty: str = "registrar",
        **kwargs: Any,
    ) -> None:
        _, spec = case_and_model(use_case, model)
        kwargs.setdefault("outlets", [model_group(spec.group)])
        super().__init__(use_case=use_case, model=model, duty=duty, **kwargs)
        self.report = report
        self.mlflow_run = mlflow_run

    def perform(self, context: Context) -> Registered:
        """Find the version of this artifact, or store and register it; then fill the card."""
        from causeway_airflow.tasks.registration import Registration, register

        case, model = case_and_model(self.use_case, self.model)
        run = context["dag_run"]
        registration = Registration(
            case=case,
            model=model,
            role=self.role,
            evidence=self.evidence(),
            report_sha256=self.report,
            mlflow_run=self.mlflow_run,
            dag_run=run.run_id,
            asked_by=run.triggering_user_name,
        )
        return register(self.hook, registration)
