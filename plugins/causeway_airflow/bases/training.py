"""What the operators of a training have in common."""

from __future__ import annotations

from typing import Any

from causeway.topology.accounts import AccountRole
from causeway_airflow.bases.operator import CausewayOperator


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
