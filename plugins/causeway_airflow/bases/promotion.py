"""The shared base of the operators that are about one version of a model, named by the conf."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from causeway.topology.accounts import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway_airflow.bases.operator import ATTEMPT, VERSION_ARN, CausewayOperator
from causeway_airflow.configuration import case_and_model
from causeway_airflow.parameters import Kind

if TYPE_CHECKING:
    from causeway_airflow.tasks.promotion import Subject


class PromotionOperator(CausewayOperator):
    """A task about one version of a model, named by the run's conf.

    :param use_case: the use case
    :param model: the model
    :param version_arn: the version (templated)
    :param attempt: the promotion attempt (templated)
    """

    template_fields = (*CausewayOperator.template_fields, "version_arn", "attempt")
    conf_parameters: ClassVar[Mapping[str, Kind]] = {"attempt": "integer"}

    def __init__(
        self,
        *,
        use_case: str,
        model: str,
        version_arn: str = VERSION_ARN,
        attempt: int = ATTEMPT,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_case = use_case
        self.model = model
        self.version_arn = version_arn
        self.attempt = attempt

    @cached_property
    def subject(self) -> Subject:
        """What the task is about, once its parameters are rendered; the ARN is parsed here."""
        from causeway_airflow.tasks.promotion import Subject

        case, model = case_and_model(self.use_case, self.model)
        return Subject(
            case=case,
            model=model,
            version=ModelPackageArn.parse(self.version_arn),
            attempt=self.attempt,
            role=AccountRole(self.account_role),
            user=f"airflow:{self.dag_id}",
        )
