"""Operators that share: feature groups and model groups from their owners to their consumers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from causeway.acceptance import Step, judge_acceptance, require_done
from causeway.access_rules import Grant
from causeway.accounts import AccountRole
from causeway.errors import NotSharedYet
from causeway.features import check_described, create_request
from causeway.sharing import DesiredShare, desired_shares, plan_share
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.operators.base import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

#: The duty that uses what a grant opens, by which access is verified.
USES = {Grant.READ: "trainer", Grant.REGISTER: "registrar", Grant.DEPLOY: "deployer"}


class DefineFeatureGroupsOperator(CausewayOperator):
    """Create the feature groups of every use case that are not there: only what is can be shared.

    :returns: the groups that were made now
    """

    def __init__(
        self, *, account_role: str = "data", duty: str = "ingester", **kwargs: Any
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> list[str]:
        """Create what is missing and check what is there against its contract."""
        from causeway_airflow.hooks.feature_store import FeatureGroupsHook

        hook, places, made = FeatureGroupsHook(self.connection(), self.region_name), topology(), []
        for case in use_cases():
            for group in case.feature_groups:
                key = places.key_alias_arn(AccountRole.DATA)
                created, found = hook.ensure(create_request(group, case, places, kms_key_id=key))
                check_described(group, found)
                made += [group.name] if created else []
        return made


class ConvergeSharesOperator(CausewayOperator):
    """Bring an owner's resource shares to what the use cases need.

    :returns: the actions taken by share; empty when nothing was to be done
    """

    def perform(self, context: Context) -> dict[str, list[str]]:
        """Plan each share from what the owner sees, and apply the plan."""
        from causeway_airflow.hooks.ram import RamHook

        hook = RamHook(self.connection(), self.region_name)
        wanted = [s for s in desired_shares(use_cases(), topology(), _now()) if _owned(s, self)]
        if not wanted:
            return {}
        permissions = hook.permissions({share.resource_type for share in wanted})
        observed = hook.observed()
        done: dict[str, list[str]] = {}
        for share in wanted:
            plan = plan_share(share, observed, permissions)
            for waiting in plan.waiting:
                self.log.info("waiting for %s", waiting)
            for action in plan.actions:
                hook.apply(action)
                self.log.info("share %s: %s", share.name, action)
                done.setdefault(share.name, []).append(type(action).__name__)
        return done


class AcceptInvitationsOperator(CausewayOperator):
    """Accept the expected invitations of a consumer account; what counts is the active share.

    :returns: what was done about each share: `accept` or `done`
    """

    def __init__(self, *, account_role: str, duty: str = "acceptor", **kwargs: Any) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> dict[str, str]:
        """Judge each expected share; accept, or raise to look again later."""
        from causeway_airflow.hooks.ram import RamHook

        hook = RamHook(self.connection(), self.region_name)
        done: dict[str, str] = {}
        for share in _consumed(self.account_role):
            taken = judge_acceptance(share, hook.invitations(), hook.visible(), _now())
            done[share.name] = taken.step.value
            if taken.step is Step.ACCEPT and taken.invitation_arn:
                hook.accept(taken.invitation_arn)
                self.log.info("accepted %s of %s", share.name, share.owner)
                taken = judge_acceptance(share, hook.invitations(), hook.visible(), _now())
            require_done(share, taken)
        return done


class VerifyAccessOperator(CausewayOperator):
    """Describe everything shared with an account from its own side, as the duty that will use it.

    :returns: the ARNs that could be described
    """

    def __init__(self, *, account_role: str, duty: str = "acceptor", **kwargs: Any) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> list[str]:
        """Describe each shared resource by its ARN. Raises `NotSharedYet` while one is denied."""
        from causeway_airflow.hooks.base import AwsCallError
        from causeway_airflow.hooks.feature_store import FeatureGroupsHook
        from causeway_airflow.hooks.registry import RegistryHook

        seen: list[str] = []
        for share in _consumed(self.account_role):
            connection = self.connection(duty=USES[share.grant])
            hook = (FeatureGroupsHook if share.grant is Grant.READ else RegistryHook)(
                connection, self.region_name
            )
            operation, name = (
                ("describe_feature_group", "FeatureGroupName")
                if share.grant is Grant.READ
                else ("describe_model_package_group", "ModelPackageGroupName")
            )
            for arn in share.resources:
                try:
                    hook.call(operation, **{name: arn})
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
                seen.append(arn)
        return seen


def _owned(share: DesiredShare, operator: CausewayOperator) -> bool:
    return share.owner_role.value == operator.account_role


def _consumed(account_role: str) -> list[DesiredShare]:
    """Return the shares whose consumers include the account and whose duty this role has."""
    places, role = topology(), AccountRole(account_role)
    mine = {Grant.READ, Grant.REGISTER} if role is AccountRole.DATA_SCIENCE else {Grant.DEPLOY}
    return [
        share
        for share in desired_shares(use_cases(), places, _now())
        if places.account(role) in share.consumers and share.grant in mine
    ]


def _now() -> datetime:
    return datetime.now(UTC)
