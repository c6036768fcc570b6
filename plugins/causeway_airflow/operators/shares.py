"""Single steps on one share or permission, for a runbook or a DAG of one's own.

What is declared is converged by `operators.sharing`; these do one thing and find it done when they
run again.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from causeway.errors import SharingError
from causeway.sharing.actions import Action, Associate, DeleteShare, Disassociate, ReplacePermission
from causeway.sharing.permissions import PermissionDefinition
from causeway.sharing.plan import permission_steps
from causeway.sharing.shares import ObservedShare
from causeway.topology.accounts import AccountRole
from causeway_airflow.configuration import topology
from causeway_airflow.operators.base import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.hooks.ram import RamHook


class _ShareOperator(CausewayOperator):
    """A step on one own share, found by its name.

    :param share: the share's name (templated)
    """

    template_fields = (*CausewayOperator.template_fields, "share")

    def __init__(self, *, share: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.share = share

    @abstractmethod
    def step(self, found: ObservedShare, hook: RamHook) -> Action | None:
        """Return what is to be done about the share; None when it is done."""

    def missing(self) -> bool:
        """Say whether a missing share means that the step is done."""
        return False

    def perform(self, context: Context) -> str | None:
        """Look at the share and take the step."""
        from causeway_airflow.hooks.ram import RamHook

        hook = RamHook(self.connection(), self.region_name)
        found = [s for s in hook.observed() if s.name == self.share and s.lives]
        if not found and self.missing():
            return None
        if len(found) != 1:
            raise SharingError(
                f"{len(found)} living shares are called {self.share}",
                principal=hook.principal,
                next_step="Converge the declared shares, which leaves one of each name.",
            )
        action = self.step(found[0], hook)
        if action is None:
            return None
        hook.apply(action)
        self.log.info("%s", action)
        return str(action)


class AssociateShareOperator(_ShareOperator):
    """Add resources and principals to an own share.

    :param resource_arns: ARNs (templated)
    :param principals: account ids, or ARNs of units or the organisation (templated)
    :returns: what was done; None when all of it was in the share
    """

    template_fields = (*_ShareOperator.template_fields, "resource_arns", "principals")

    def __init__(
        self, *, resource_arns: Sequence[str] = (), principals: Sequence[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.resource_arns = resource_arns
        self.principals = principals

    def step(self, found: ObservedShare, hook: RamHook) -> Action | None:
        """Add what is not in it."""
        resources = tuple(r for r in self.resource_arns if not found.holds(r))
        principals = tuple(p for p in self.principals if not found.reaches(p))
        if not resources and not principals:
            return None
        return Associate(found.arn, found.name, resources, principals)


class DisassociateShareOperator(AssociateShareOperator):
    """Take resources and principals out of an own share.

    :returns: what was done; None when none of it was in the share
    """

    def step(self, found: ObservedShare, hook: RamHook) -> Action | None:
        """Take out what is in it."""
        resources = tuple(r for r in self.resource_arns if found.holds(r))
        principals = tuple(p for p in self.principals if found.reaches(p))
        if not resources and not principals:
            return None
        return Disassociate(found.arn, found.name, resources, principals)


class ReplacePermissionOperator(_ShareOperator):
    """Give an own share another permission, or the newest version of the one it has.

    :param permission: the permission's name; letter case does not matter (templated)
    :returns: what was done; None when the share has it in its newest version
    """

    template_fields = (*_ShareOperator.template_fields, "permission")

    def __init__(self, *, permission: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.permission = permission

    def step(self, found: ObservedShare, hook: RamHook) -> Action | None:
        """Replace it unless it is the one."""
        named = hook.permission_named(self.permission)
        if found.permissions.get(named.arn) == named.version:
            return None
        return ReplacePermission(found.arn, found.name, named.arn)


class DeleteShareOperator(_ShareOperator):
    """Delete an own share; whoever had access through it loses it.

    :returns: what was done; None when there is no such share
    """

    def missing(self) -> bool:
        """A share that is gone is deleted."""
        return True

    def step(self, found: ObservedShare, hook: RamHook) -> Action | None:
        """Delete it."""
        return DeleteShare(found.arn, found.name)


class EnsurePermissionOperator(CausewayOperator):
    """Create a customer-managed permission, or a new version of it when its actions differ.

    :param name: its name, at most 36 characters (templated)
    :param resource_type: RAM's type, such as `sagemaker:ModelCard`
    :param actions: the actions, such as `sagemaker:DescribeModelCard`
    :returns: what was done; empty when the permission is as it should be
    """

    template_fields = (*CausewayOperator.template_fields, "name")

    def __init__(
        self, *, name: str, resource_type: str, actions: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.resource_type = resource_type
        self.actions = actions

    def perform(self, context: Context) -> list[str]:
        """Compare and change."""
        from causeway_airflow.hooks.ram import RamHook

        hook, places = RamHook(self.connection(), self.region_name), topology()
        account = places.account(AccountRole(self.account_role))
        own = f"arn:{places.partition}:ram:{places.region}:{account}:permission/"
        wanted = PermissionDefinition(
            f"{own}{self.name}", self.name, self.resource_type, tuple(self.actions)
        )
        steps = permission_steps(
            wanted, hook.permissions({self.resource_type}), hook.observed(), account
        )
        for action in steps:
            hook.apply(action)
            self.log.info("%s", action)
        return [str(action) for action in steps]


class LeaveShareOperator(CausewayOperator):
    """Leave a share of another account, as its consumer.

    A share that is still declared is shared again by the next converging; take the account out of
    the declaration first.

    :param share: the share's name (templated)
    :param owner: the owner's account id (templated)
    :returns: whether the account was in the share
    """

    template_fields = (*CausewayOperator.template_fields, "share", "owner")

    def __init__(self, *, share: str, owner: str, duty: str = "acceptor", **kwargs: Any) -> None:
        super().__init__(duty=duty, **kwargs)
        self.share = share
        self.owner = owner

    def perform(self, context: Context) -> bool:
        """Find the share by name and owner, and leave it."""
        from causeway_airflow.hooks.ram import RamHook

        hook = RamHook(self.connection(), self.region_name)
        account = topology().account(AccountRole(self.account_role))
        found = [
            share
            for share in hook.visible()
            if (share.name, str(share.owner), share.status) == (self.share, self.owner, "ACTIVE")
        ]
        for share in found:
            hook.leave(share.arn, account)
            self.log.info("left %s of %s", share.name, share.owner)
        return bool(found)
