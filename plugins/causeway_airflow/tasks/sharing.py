"""Sharing as an owner: observe the account, plan, apply, and look again until nothing is left."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from causeway.errors import NotSharedYet
from causeway.sharing.actions import Action, DeleteGroupPolicy, PutGroupPolicy
from causeway.sharing.grants import DesiredGrant
from causeway.sharing.group_policies import groups_to_look_at, plan_group_policies
from causeway.sharing.permissions import RESOURCE_TYPES
from causeway.sharing.plan import SharePlan, plan_shares
from causeway.sharing.shares import OwnerState, desired_shares
from causeway.topology.accounts import AccountId, Topology
from causeway_airflow.hooks.owned_resources import OwnedResourcesHook
from causeway_airflow.hooks.ram import RamHook

#: Looks at one share in a run: a policy makes a share, which is then promoted, and a permission
#: with too many versions loses one a look.
ROUNDS = 5


class OwnerSharing:
    """The shares and policies of one owner's account, against the declared grants.

    :param aws_conn_id: the connection of the owner's sharing duty
    :param region_name: the region, when not the connection's own
    :param owner: the owner's account
    :param topology: where the accounts are
    :param grants: the declared grants; those of other owners are left out
    """

    def __init__(
        self,
        aws_conn_id: str,
        region_name: str | None,
        owner: AccountId,
        topology: Topology,
        grants: Iterable[DesiredGrant],
    ) -> None:
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.owner = owner
        self.topology = topology
        self.grants = tuple(grant for grant in grants if grant.owner == owner)

    @cached_property
    def ram(self) -> RamHook:
        """RAM as this owner."""
        return RamHook(self.aws_conn_id, self.region_name)

    @cached_property
    def resources(self) -> OwnedResourcesHook:
        """SageMaker as this owner."""
        return OwnedResourcesHook(self.aws_conn_id, self.region_name)

    def observe(self) -> OwnerState:
        """Look at everything that a plan needs."""
        kinds = {grant.kind for grant in self.grants}
        resources = self.resources.existing(kinds)
        shares = self.ram.observed()
        groups = [g for g in groups_to_look_at(self.grants, shares) if g in resources]
        return OwnerState(
            self.owner,
            shares,
            self.ram.permissions({RESOURCE_TYPES[kind] for kind in kinds}) if kinds else (),
            resources,
            self.resources.policies(groups),
            self.resources.card_statuses() if self._by_status else {},
        )

    @property
    def _by_status(self) -> bool:
        return any(grant.from_status != "Draft" for grant in self.grants)

    def plans(self) -> tuple[SharePlan, ...]:
        """Return the plan of every share and policy, quiet ones too. Changes nothing."""
        state = self.observe()
        return (
            *plan_shares(desired_shares(self.grants, self.topology), state),
            *plan_group_policies(self.grants, state),
        )

    def converge(self, name: str) -> tuple[list[Action], tuple[str, ...]]:
        """Apply the plan of that name until it is quiet; return what was done, what is waited for.

        Raises:
            NotSharedYet: it is not quiet after some rounds.
        """
        done: list[Action] = []
        for _ in range(ROUNDS):
            plan = next((p for p in self.plans() if p.name == name), SharePlan(name))
            if plan.is_quiet:
                return done, plan.waiting
            for action in plan.actions:
                self._apply(action)
                done.append(action)
        raise NotSharedYet(
            f"{name} still differs from what is declared after {ROUNDS} rounds",
            account=self.owner,
            next_step="Look at the plan with `dry_run`; somebody else may be changing the share.",
        )

    def _apply(self, action: Action) -> None:
        of_sagemaker = isinstance(action, PutGroupPolicy | DeleteGroupPolicy)
        (self.resources if of_sagemaker else self.ram).apply(action)
