"""Operators that bring sharing to what is declared, as the owner and as the consumer.

`platform__sharing` uses all but `LeaveShareOperator`; a DAG of your own may use each of them
(docs/sharing.md has an example).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from causeway.topology.account_roles import SHARERS, AccountRole
from causeway_airflow.bases.operator import CausewayOperator
from causeway_airflow.bases.waiting import WaitingOperator
from causeway_airflow.parameters import Kind

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import DiscoveredResources, PlannedShare, VerifiedAccess
    from causeway_airflow.waits import Outcome


class DefineFeatureGroupsOperator(CausewayOperator):
    """Bring the feature groups of every use case to their contracts: only what is can be shared.

    :param only_plan: only say what is missing (templated)
    :returns: the groups that were made now, or would be
    """

    template_fields = (*CausewayOperator.template_fields, "only_plan")
    conf_parameters: ClassVar[Mapping[str, Kind]] = {"only_plan": "boolean"}

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
        """Create what is missing, add what a contract gained, describe each feature."""
        from causeway_airflow.tasks.feature_definitions import define_feature_groups

        return define_feature_groups(self.hook, only_plan=bool(self.only_plan))


class _OwnerOperator(CausewayOperator):
    """A task of an owner of shares, with the duty that shares there."""

    def __init__(self, *, account_role: str, duty: str | None = None, **kwargs: Any) -> None:
        sharer = duty or SHARERS[AccountRole(account_role)]
        super().__init__(account_role=account_role, duty=sharer, **kwargs)


class PlanSharesOperator(_OwnerOperator):
    """Compare an owner's account with the declared access; changes nothing.

    :returns: a plan in words for each share and policy, also those with nothing to do
    """

    def perform(self, context: Context) -> list[PlannedShare]:
        """Plan, and log the plans."""
        from causeway_airflow.tasks.sharing import plan_owner

        return plan_owner(self.hook, AccountRole(self.account_role))


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
        from causeway_airflow.tasks.sharing import converge_share

        return converge_share(self.hook, AccountRole(self.account_role), self.share)


class AcceptInvitationsOperator(WaitingOperator[dict[str, str]]):
    """Accept the expected invitations of a consumer account; what counts is the active share.

    An invitation that expired is shared again in its owner's account and then accepted. A share
    that fails does not keep the others from being accepted. While an invitation has not come, the
    task waits in the triggerer.

    :param shares: the names of the shares to accept (templated); all that are declared when None
    :param wait: how long to wait for invitations
    :returns: what was done about each share: `accept`, `reshare` or `done`
    """

    template_fields = (*WaitingOperator.template_fields, "shares")

    def __init__(
        self,
        *,
        account_role: str,
        duty: str = "acceptor",
        shares: Sequence[str] | None = None,
        wait: timedelta = timedelta(minutes=10),
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, wait=wait, **kwargs)
        self.shares = shares

    def begin(self, context: Context) -> Outcome[dict[str, str]]:
        """Accept what can be accepted now."""
        from causeway_airflow.tasks.acceptance import accept_shares

        return accept_shares(self.hook, AccountRole(self.account_role), self.shares)

    def look(self, context: Context, **carried: Any) -> Outcome[dict[str, str]]:
        """Accept what has come."""
        return self.begin(context)


class VerifyAccessOperator(CausewayOperator):
    """Describe what is shared with an account from its own side, as the duty that will use it.

    :returns: `described`: the ARNs that could be described; `waiting`: declared ones that RAM does
        not show yet
    """

    def __init__(self, *, account_role: str, duty: str = "acceptor", **kwargs: Any) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> VerifiedAccess:
        """Describe each shared resource by its ARN; fails while a description is denied."""
        from causeway_airflow.tasks.verification import verify_access

        return verify_access(self.hook, AccountRole(self.account_role))


class DiscoverSharedOperator(CausewayOperator):
    """List what others let an account find: feature groups, model groups and model cards.

    :returns: ARNs by kind of resource
    """

    def __init__(self, *, account_role: str, duty: str = "acceptor", **kwargs: Any) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> DiscoveredResources:
        """Search the shared catalogs, list the shared groups, ask RAM for the shared cards."""
        from causeway_airflow.tasks.discovery import discover_shared

        return discover_shared(self.hook)


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
        from causeway_airflow.tasks.acceptance import leave_share

        return leave_share(self.hook, AccountRole(self.account_role), self.share, self.owner)
