"""The shared base of the operators that are about one version of a model, named by the conf."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from causeway.topology.account_roles import AccountRole
from causeway_airflow.bases.operator import ATTEMPT, VERSION_ARN, CausewayOperator
from causeway_airflow.configuration import case_and_model
from causeway_airflow.parameters import Kind

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.tasks.promotion import Subject


class PromotionOperator(CausewayOperator):
    """A task about one version of a model, named by the run's conf.

    Each begins with its subject, and that with one check: the version is of the model's group, and
    the governance table has its promotion as this run's.

    :param use_case: the use case
    :param model: the model
    :param version_arn: the version (templated)
    :param attempt: the promotion attempt (templated)
    """

    template_fields = (*CausewayOperator.template_fields, "version_arn", "attempt")
    conf_parameters: ClassVar[Mapping[str, Kind]] = {"attempt": "integer"}
    takes_any_key = True  # runs that an older release started carry more
    #: Whether the task also acts on a promotion that was rejected or superseded.
    after_its_end: ClassVar[bool] = False
    #: Whether `close` waits for the task, so that it runs on a failed promotion only once cleared.
    before_its_end: ClassVar[bool] = False

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

    def subject(self, context: Context) -> Subject:
        """Return what the task is about.

        Raises:
            UnexpectedState: it is not about this run's promotion; see
                `causeway.governance.promotions`.
        """
        from causeway_airflow.tasks.promotion import subject_of

        case, model = case_and_model(self.use_case, self.model)
        return subject_of(
            self.hook,
            case,
            model,
            version_arn=self.version_arn,
            attempt=self.attempt,
            role=AccountRole(self.account_role),
            dag_id=self.dag_id,
            run_id=context["dag_run"].run_id,
            ended=self.after_its_end,
            resumes=self.before_its_end,
        )
