"""Sharing as an owner: observe the account, plan, apply, and look again until nothing is left."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from causeway.errors import NotSharedYet, SharingError
from causeway.sharing.actions import Action, DeleteGroupPolicy, PutGroupPolicy
from causeway.sharing.grants import DesiredGrant
from causeway.sharing.group_policies import groups_to_look_at, plan_group_policies
from causeway.sharing.permissions import RESOURCE_TYPES
from causeway.sharing.plan import SharePlan, plan_shares
from causeway.sharing.shares import OwnerState, desired_shares
from causeway.statuses import Meaning
from causeway.topology.account_roles import SHARERS, AccountRole
from causeway.topology.accounts import AccountId, Topology
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.owned_resources import OwnedResourcesHook
from causeway_airflow.hooks.ram import RamHook
from causeway_airflow.results import PlannedShare
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.declared_access import declared_grants
from causeway_airflow.waits import Done, Outcome, Pending, Question, Wait

log = logging.getLogger(__name__)

#: Looks at one share in a run: a policy makes a share, which is then promoted, and a permission
#: with too many versions loses one a look.
ROUNDS = 5


class OwnerSharing:
    """The shares and policies of one owner's account, against the declared grants.

    :param ram: RAM as this owner
    :param resources: SageMaker as this owner
    :param owner: the owner's account
    :param topology: where the accounts are
    :param grants: the declared grants; those of other owners are left out
    """

    def __init__(
        self,
        ram: RamHook,
        resources: OwnedResourcesHook,
        owner: AccountId,
        topology: Topology,
        grants: Iterable[DesiredGrant],
    ) -> None:
        self.ram = ram
        self.resources = resources
        self.owner = owner
        self.topology = topology
        self.grants = tuple(grant for grant in grants if grant.owner == owner)

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
        """Apply the plan of that name until it is quiet.

        Returns what was done and what is waited for.

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


def owner_sharing(hook: Hooks, owner: AccountRole) -> OwnerSharing:
    """Return the account of an owner role, as its sharing duty, against the declared grants."""
    accounts, duty = topology(), SHARERS[owner]
    return OwnerSharing(
        hook(RamHook, owner, duty),
        hook(OwnedResourcesHook, owner, duty),
        accounts.account(owner),
        accounts,
        declared_grants(),
    )


def planned_share(plan: SharePlan, owner: AccountRole) -> PlannedShare:
    """Return a plan in words."""
    return PlannedShare(
        account_role=owner.value,
        share=plan.name,
        actions=[str(action) for action in plan.actions] or ["nothing"],
        waiting=list(plan.waiting),
        offered=plan.offered,
    )


def plan_owner(hook: Hooks, owner: AccountRole) -> list[PlannedShare]:
    """Compare an owner's account with the declared access, and log the plan of each share."""
    plans = [planned_share(plan, owner) for plan in owner_sharing(hook, owner).plans()]
    for plan in plans:
        log.info("%s: %s", plan["share"], "; ".join(plan["actions"]))
        for waiting in plan["waiting"]:
            log.info("%s waits: %s", plan["share"], waiting)
    return plans


def converge_share(hook: Hooks, owner: AccountRole, share: str) -> list[str]:
    """Bring one share or policy of an owner to what is declared; return what was done, in words."""
    done, waiting = owner_sharing(hook, owner).converge(share)
    for action in done:
        log.info("%s: %s", share, action)
    for entity in waiting:
        log.info("%s waits: %s", share, entity)
    return [str(action) for action in done]


def await_association(hook: Hooks, share: str, with_principals: bool) -> Outcome[None]:
    """Look whether everything in an own share is ASSOCIATED; waiting is left to the triggerer.

    Raises:
        SharingError: there is no such share, or an association in it failed.
    """
    ram = hook(RamHook)
    match ram.association(share, with_principals):
        case Meaning.SUCCESS:
            return Done(None)
        case Meaning.WAITING:
            return Pending(_association_wait(share, with_principals), ends_task=True)
    raise SharingError(
        f"there is no share {share}, or an association in it failed",
        principal=ram.principal,
        next_step="Converge the share; RAM says why in get-resource-share-associations.",
    )


def _association_wait(share: str, with_principals: bool) -> Wait:
    return Wait(
        what=f"the association of share {share}",
        ask=Question(
            "causeway_airflow.hooks.ram.RamHook",
            "association",
            {"share": share, "with_principals": with_principals},
        ),
        unfinished="is not complete",
        next_step="Look at its associations; the consumers may not have accepted.",
    )
