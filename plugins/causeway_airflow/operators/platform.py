"""Operators that set the accounts up: stacks, model groups, experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causeway.topology.accounts import AccountRole
from causeway_airflow.operators.base import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import DeployedStack


class DeployStackOperator(CausewayOperator):
    """Deploy the CloudFormation stack of an account role, as that account's administrator.

    :returns: the stack and whether it was `created`, `updated` or left `unchanged`
    """

    def __init__(self, *, account_role: str, duty: str = "bootstrap", **kwargs: Any) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> DeployedStack:
        """Create or update the stack and wait for it."""
        from causeway_airflow.tasks.stacks import deploy_account

        return deploy_account(self.hook, AccountRole(self.account_role))


class EnsureModelGroupsOperator(CausewayOperator):
    """Create the model package group of every model that has none yet.

    :returns: the groups that were made now
    """

    def __init__(
        self, *, account_role: str = "shared_services", duty: str = "registry-owner", **kwargs: Any
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> list[str]:
        """Look for each group and create what is missing."""
        from causeway_airflow.tasks.platform import ensure_model_groups

        return ensure_model_groups(self.hook)


class EnsureExperimentsOperator(CausewayOperator):
    """Create the MLflow experiment of every use case that has none yet.

    :returns: experiment ids by use case
    """

    def __init__(
        self, *, account_role: str = "data_science", duty: str = "trainer", **kwargs: Any
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> dict[str, str]:
        """Look for each experiment and create what is missing."""
        from causeway_airflow.tasks.platform import ensure_experiments

        return ensure_experiments(self.hook)
