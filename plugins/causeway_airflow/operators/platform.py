"""Operators that set the accounts up: stacks, model groups, experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causeway.topology.accounts import AccountRole
from causeway.topology.stacks import parameters, template_path
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.operators.base import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class DeployStackOperator(CausewayOperator):
    """Deploy the CloudFormation stack of an account role, as that account's administrator.

    :returns: the stack and whether it was `created`, `updated` or left `unchanged`
    """

    def __init__(self, *, account_role: str, duty: str = "bootstrap", **kwargs: Any) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> dict[str, str]:
        """Create or update the stack and wait for it."""
        from causeway_airflow.hooks.cloudformation import CloudFormationHook

        role, places = AccountRole(self.account_role), topology()
        template = template_path(role).read_text(encoding="utf-8")
        deployed = CloudFormationHook(self.connection(), self.region_name).deploy(
            places.stack(role), template, parameters(role, places, template)
        )
        self.log.info("stack %s in %s: %s", deployed["stack"], role, deployed["change"])
        return {"stack": deployed["stack"], "change": deployed["change"]}


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
        from causeway_airflow.hooks.registry import RegistryHook

        hook = RegistryHook(self.connection(), self.region_name)
        made = [
            model.group
            for case in use_cases()
            for model in case.models
            if hook.ensure_group(
                model.group,
                model.description,
                {"causeway:use-case": case.id, "causeway:model": model.name},
            )
        ]
        self.log.info("model groups made: %s", made or "none")
        return made


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
        from causeway_airflow.hooks.tracking import TrackingHook

        return {
            case.id: self.hook(TrackingHook)
            .experiment(case.id)
            .ensure({"causeway.use-case": case.id})
            for case in use_cases()
        }
