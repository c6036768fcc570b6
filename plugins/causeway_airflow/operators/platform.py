"""Operators for the accounts: guards compared, resources updated, model groups, experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causeway.topology.account_roles import AccountRole
from causeway_airflow.bases.operator import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import UpdatedStack


class UpdateResourcesOperator(CausewayOperator):
    """Update the resources' stack of an account role, as its stack keeper.

    :returns: the stack and whether it was `updated` or left `unchanged`
    """

    def perform(self, context: Context) -> UpdatedStack:
        """Update the stack and wait for it."""
        from causeway_airflow.tasks.stacks import update_resources

        return update_resources(self.hook, AccountRole(self.account_role))


class CheckGuardsOperator(CausewayOperator):
    """Compare the guards of every account with what is declared; fail where they differ.

    It changes nothing: guards are an administrator's.

    :returns: the stacks that are as declared
    """

    def __init__(
        self,
        *,
        account_role: str = "governance",
        duty: str = "governance-stack-keeper",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> list[str]:
        """Read each account's stack of guards as its stack keeper."""
        from causeway_airflow.tasks.stacks import check_guards

        return check_guards(self.hook)


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
