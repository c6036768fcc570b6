"""What the operators of a training have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from causeway.topology.account_roles import AccountRole
from causeway_airflow.bases.operator import CausewayOperator
from causeway_airflow.configuration import case_and_model
from causeway_airflow.parameters import Kind

if TYPE_CHECKING:
    from causeway_airflow.tasks.evidence import Evidence


class TrainingOperator(CausewayOperator):
    """A task of one model's training, acting in the data science account by default.

    :param use_case: the use case
    :param model: the model
    """

    def __init__(
        self,
        *,
        use_case: str,
        model: str,
        account_role: str = "data_science",
        duty: str = "trainer",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.use_case = use_case
        self.model = model

    @property
    def role(self) -> AccountRole:
        """The account role the task acts in."""
        return AccountRole(self.account_role)


class JudgingOperator(TrainingOperator):
    """A task that judges a training by what its jobs made.

    It asks the jobs themselves, which are functions of the dataset and the seed; what the tasks
    before handed over counts for nothing.

    :param dataset: the URI of the dataset (templated)
    :param seed: the seed that the candidates were drawn with (templated; empty: the use case's)
    """

    template_fields = (*TrainingOperator.template_fields, "dataset", "seed")
    conf_parameters: ClassVar[Mapping[str, Kind]] = {"seed": "optional integer"}

    def __init__(self, *, dataset: str, seed: str | int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dataset = dataset
        self.seed: Any = seed  # a text until it is parsed

    def evidence(self) -> Evidence:
        """Return what the training's jobs say of its best candidate."""
        from causeway_airflow.tasks.evidence import evidence

        case, model = case_and_model(self.use_case, self.model)
        return evidence(self.hook, self.role, case, model, dataset=self.dataset, seed=self.seed)
