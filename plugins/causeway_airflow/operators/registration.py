"""The operator that ends a training: the registration of what passed the gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causeway_airflow.assets import model_group
from causeway_airflow.bases.training import TrainingOperator
from causeway_airflow.configuration import case_and_model

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import Best, Dataset, Gated, Registered


class RegisterModelOperator(TrainingOperator):
    """Copy the approved candidate to the shared bucket and register it in the shared group, once.

    :param best: the result of the tracking task
    :param gate: the result of the gate task; its `documents` (name -> URI, names as in
        `causeway.registration.request.DOCUMENTS`) are stored beside the artifact
    :param held_out: the object of held-out raw rows (templated)
    :param dataset: the result of the dataset task
    :returns: `Registered`
    """

    template_fields = (*TrainingOperator.template_fields, "best", "gate", "held_out", "dataset")

    def __init__(
        self,
        *,
        use_case: str,
        model: str,
        best: Best,
        gate: Gated,
        held_out: str,
        dataset: Dataset,
        duty: str = "registrar",
        **kwargs: Any,
    ) -> None:
        _, spec = case_and_model(use_case, model)
        kwargs.setdefault("outlets", [model_group(spec.group)])
        super().__init__(use_case=use_case, model=model, duty=duty, **kwargs)
        self.best = best
        self.gate = gate
        self.held_out = held_out
        self.dataset = dataset

    def perform(self, context: Context) -> Registered:
        """Find the version of this artifact, or store and register it; then fill the card."""
        from causeway_airflow.tasks.registration import Registration, register

        case, model = case_and_model(self.use_case, self.model)
        run = context["dag_run"]
        registration = Registration(
            case=case,
            model=model,
            role=self.role,
            best=self.best,
            gate=self.gate,
            held_out=self.held_out,
            dataset=self.dataset,
            dag_run=run.run_id,
            asked_by=run.triggering_user_name,
        )
        return register(self.hook, registration)
