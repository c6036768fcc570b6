"""Operators that bring sharing to what is declared: plan and converge, accept, verify, discover."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from causeway.errors import CausewayError, NotSharedYet, SharingError
from causeway.sharing.acceptance import (
    Acceptance,
    Step,
    check_offer,
    foreign,
    judge_acceptance,
    require_done,
)
from causeway.sharing.grants import SHARERS
from causeway.sharing.shares import DesiredShare
from causeway.topology.access_rules import ResourceKind
from causeway.topology.accounts import DUTIES, AccountRole
from causeway_airflow.configuration import poll_interval, topology
from causeway_airflow.operators.base import CausewayOperator
from causeway_airflow.tasks.declared_access import consumed_shares, declared_grants, now

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.hooks.ram import RamHook
    from causeway_airflow.tasks.sharing import OwnerSharing

#: How each kind of shared resource is described, and the first of these duties that the account
#: role has does it: the one that will use what the grant opens.
DESCRIBED = {
    ResourceKind.FEATURE_GROUPS: ("describe_feature_group", "FeatureGroupName", ("trainer",)),
    ResourceKind.MODEL_GROUPS: (
        "describe_model_package_group",
        "ModelPackageGroupName",
        ("registrar", "deployer"),
    ),
    ResourceKind.MODEL_CARDS: ("describe_model_card", "ModelCardName", ("acceptor",)),
}


class DefineFeatureGroupsOperator(CausewayOperator):
    """Bring the feature groups of every use case to their contracts: only what is can be shared.

    :param only_plan: only say what is missing (templated)
    :returns: the groups that were made now, or would be
    """

    template_fields = (*CausewayOperator.template_fields, "only_plan")

    def __init__(
        self,
        *,
        account_role: str = "data",
        duty: str = "ingester",
        only_plan: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.only_plan = only_plan

    def perform(self, context: Context) -> list[str]:
        """Create what is missing, add what a contract gained, say of each feature what it is."""
        from causeway_airflow.tasks.feature_definitions import define_feature_groups

        return define_feature_groups(self.hook, only_plan=str(self.only_plan) == "True")


class _OwnerOperator(CausewayOperator):
    """An owner of shares, with the duty that shares there."""

    def __init__(self, *, account_role: str, duty: str | None = None, **kwargs: Any) -> None:
        found = duty or SHARERS[AccountRole(account_role)]
        super().__init__(account_role=account_role, duty=found, **kwargs)

    def sharing(self) -> OwnerSharing:
        """Return this owner's account against the declared grants."""
        return owner_sharing(self, AccountRole(self.account_role))


class PlanSharesOperator(_OwnerOperator):
    """Compare an owner's account with the declared access; changes nothing.

    :returns: a plan in words for each share and policy, also those with nothing to do
    """

    def perform(self, context: Context) -> list[dict[str, Any]]:
        """Plan, and say it in the log."""
        plans = [plan.shown() for plan in self.sharing().plans()]
        for plan in plans:
            self.log.info("%s: %s", plan["share"], "; ".join(plan["actions"]))
            for waiting in plan["waiting"]:
                self.log.info("%s waits: %s", plan["share"], waiting)
        return [{**plan, "account_role": self.account_role} for plan in plans]


class ConvergeShareOperator(_OwnerOperator):
    """Bring one share, or one model group's policy, to what is declared.

    Looks again and applies a fresh plan, so that it may be killed and run again at any time.

    :param share: the name of the share, or `policy of <model group>`, as the plan says it
    :returns: what was done, in words; empty when nothing was to be done
    """

    template_fields = (*CausewayOperator.template_fields, "share")

    def __init__(self, *, share: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.share = share

    def perform(self, context: Context) -> list[str]:
        """Plan and apply until nothing is left."""
        done, waiting = self.sharing().converge(self.share)
        for action in done:
            self.log.info("%s: %s", self.share, action)
        for entity in waiting:
            self.log.info("%s waits: %s", self.share, entity)
        return [str(action) for action in done]


class ConvergeSharesOperator(_OwnerOperator):
    """Bring every share and policy of an owner to what is declared, in one task.

    The DAG changes each share in a task of its own (`ConvergeShareOperator`). One that fails does
    not keep the others from being changed.

    :returns: what was done by share, in words; empty when nothing was to be done
    """

    def perform(self, context: Context) -> dict[str, list[str]]:
        """Plan once, then converge what differs."""
        sharing = self.sharing()
        done: dict[str, list[str]] = {}
        errors: list[CausewayError] = []
        for plan in sharing.plans():
            if plan.is_quiet:
                continue
            try:
                done[plan.name] = [str(action) for action in sharing.converge(plan.name)[0]]
            except CausewayError as error:
                self.log.warning("%s: %s", plan.name, error)
                errors.append(error)
        if errors:
            raise _together(errors)
        return done


class AcceptInvitationsOperator(CausewayOperator):
    """Accept the expected invitations of a consumer account; what counts is the active share.

    An invitation that expired is shared anew in its owner's account and then accepted. A share
    that fails does not keep the others from being accepted. While an invitation has not come, the
    task waits in the triggerer.

    :param shares: the names of the shares to accept (templated); all that are declared when None
    :param wait: how long to wait for invitations
    :returns: what was done about each share: `accept`, `reshare` or `done`
    """

    template_fields = (*CausewayOperator.template_fields, "shares")

    def __init__(
        self,
        *,
        account_role: str,
        duty: str = "acceptor",
        shares: Sequence[str] | None = None,
        wait: timedelta = timedelta(minutes=10),
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.shares = shares
        self.wait = wait

    def perform(self, context: Context) -> dict[str, str]:
        """Judge and accept; wait in the triggerer for what has not come yet."""
        done, left = self._look()
        if left:
            self._wait_for(left)
        return done

    def resumed(self, context: Context) -> dict[str, str]:
        """Accept what has come; raise for what has not."""
        done, left = self._look()
        if left:
            require_done(left[0], Acceptance(Step.WAIT, "its invitation did not come"))
        return done

    def _wait_for(self, left: Sequence[DesiredShare]) -> None:
        from causeway_airflow.triggers.sharing import InvitationTrigger

        interval = poll_interval()
        self.defer(
            trigger=InvitationTrigger(
                shares=[[share.name, share.owner] for share in left],
                aws_conn_id=self.connection(),
                region_name=self.region_name,
                poll_interval=interval,
                max_attempts=max(1, int(self.wait.total_seconds() / interval)),
                ends_task=False,
            ),
            method_name="resume",
            timeout=self.wait + timedelta(minutes=1),
        )

    def _look(self) -> tuple[dict[str, str], list[DesiredShare]]:
        """Do what can be done now; return it with the shares that are to be waited for."""
        from causeway_airflow.hooks.ram import RamHook

        hook = RamHook(self.connection(), self.region_name)
        expected = consumed_shares(self.account_role)
        for strange in foreign(expected, hook.invitations()):
            self.log.warning(
                "not accepted: an invitation to %s by account %s, which nobody declared",
                strange.share_name,
                strange.sender,
            )
        done: dict[str, str] = {}
        left: list[DesiredShare] = []
        errors: list[CausewayError] = []
        for share in expected:
            if self.shares is not None and share.name not in self.shares:
                continue
            try:
                done[share.name], is_open = self._accept(hook, share)
                left += [] if is_open else [share]
            except CausewayError as error:
                self.log.warning("%s: %s", share.name, error)
                errors.append(error)
        if errors:
            raise _together(errors)
        return done, left

    def _accept(self, hook: RamHook, share: DesiredShare) -> tuple[str, bool]:
        """Take the steps towards one share; return the first, and whether the share is open."""
        first: Step | None = None
        for _ in range(4):  # re-share, accept, look
            taken = judge_acceptance(share, hook.invitations(), hook.visible(), now())
            first = first or taken.step
            if taken.step is Step.ACCEPT and taken.invitation_arn:
                check_offer(share, hook.offered(taken.invitation_arn))
                hook.accept(taken.invitation_arn)
                self.log.info("accepted %s of %s", share.name, share.owner)
            elif taken.step is Step.RESHARE:
                self.log.info("%s; sharing it again", taken.reason)
                owner_sharing(self, share.owner_role).converge(share.name)
            else:
                return first.value, taken.step is Step.DONE
        return (first or Step.WAIT).value, False


class VerifyAccessOperator(CausewayOperator):
    """Describe what is shared with an account from its own side, as the duty that will use it.

    :returns: `described`: the ARNs that could be described; `waiting`: declared ones that RAM does
        not show yet
    """

    def __init__(self, *, account_role: str, duty: str = "acceptor", **kwargs: Any) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> dict[str, list[str]]:
        """Describe each shared resource by its ARN. Raises `NotSharedYet` while one is denied."""
        from causeway_airflow.hooks.ram import RamHook

        ram = RamHook(self.connection(), self.region_name)
        declared = consumed_shares(self.account_role)
        shown: dict[str, frozenset[str]] = {
            kind: frozenset(ram.shared_with_me(kind))
            for kind in sorted({share.resource_type for share in declared})
        }
        described: list[str] = []
        waiting: list[str] = []
        for share in declared:
            for arn in map(str, share.resources):
                if arn not in shown[share.resource_type]:
                    waiting.append(arn)
                elif self._describe(share, arn):
                    described.append(arn)
        return {"described": sorted(set(described)), "waiting": sorted(set(waiting))}

    def _describe(self, share: DesiredShare, arn: str) -> bool:
        from causeway_airflow.hooks.base import AwsCallError
        from causeway_airflow.hooks.feature_store import FeatureGroupsHook

        if share.kind not in DESCRIBED:
            return False
        operation, parameter, duties = DESCRIBED[share.kind]
        mine = [duty for duty in duties if duty in DUTIES[AccountRole(self.account_role)]]
        if not mine:
            return False
        hook = FeatureGroupsHook(self.connection(duty=mine[0]), self.region_name)
        try:
            hook.call(operation, **{parameter: arn})
        except AwsCallError as error:
            if not error.denied:
                raise
            # An association takes minutes to work everywhere; the next look may see it.
            raise NotSharedYet(
                f"{arn} is shared, but not yet open: {error.what}",
                account=share.owner,
                principal=error.principal,
                next_step="Wait a minute; then compare the role's policy and the share.",
            ) from error
        return True


class DiscoverSharedOperator(CausewayOperator):
    """List what others let an account find: feature groups, model groups and model cards.

    :returns: ARNs by kind of resource
    """

    def __init__(self, *, account_role: str, duty: str = "acceptor", **kwargs: Any) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> dict[str, list[str]]:
        """Search the shared catalogs, list the shared groups, ask RAM for the shared cards."""
        from causeway_airflow.hooks.ram import RamHook
        from causeway_airflow.hooks.shared_with_me import SharedWithMeHook

        sagemaker = SharedWithMeHook(self.connection(), self.region_name)
        # Model cards have no cross-account list call.
        cards = RamHook(self.connection(), self.region_name).shared_with_me("sagemaker:ModelCard")
        return {
            "feature_groups": list(sagemaker.feature_groups()),
            "model_groups": list(sagemaker.model_groups()),
            "model_cards": list(cards),
        }


def owner_sharing(operator: CausewayOperator, role: AccountRole) -> OwnerSharing:
    """Return the account of an owner role against the declared grants."""
    from causeway_airflow.tasks.sharing import OwnerSharing

    places = topology()
    return OwnerSharing(
        operator.connection(role.value, SHARERS[role]),
        operator.region_name,
        places.account(role),
        places,
        declared_grants(),
    )


def _together(errors: Sequence[CausewayError]) -> CausewayError:
    """Return one error for several shares; it may pass only when all of them may."""
    if len(errors) == 1:
        return errors[0]
    kind = NotSharedYet if all(error.retryable for error in errors) else SharingError
    return kind("\n".join(str(error) for error in errors))
