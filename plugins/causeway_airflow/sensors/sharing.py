"""Sensors of sharing: an own share is complete, an invitation has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from causeway.errors import NotSharedYet, SharingError
from causeway.sharing.shares import settled
from causeway_airflow.configuration import poll_interval
from causeway_airflow.operators.base import CausewayOperator
from causeway_airflow.tasks.declared_access import consumed_shares

if TYPE_CHECKING:
    from airflow.sdk import Context


class _ShareSensor(CausewayOperator):
    """Look once, then wait in the triggerer, bounded in attempts and time."""

    def __init__(self, *, wait: timedelta = timedelta(minutes=10), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wait = wait

    def wait_with(self, kind: type[Any], **subject: Any) -> None:
        """Defer to a trigger, which ends the task on success."""
        interval = poll_interval()
        self.defer(
            trigger=kind(
                **subject,
                aws_conn_id=self.connection(),
                region_name=self.region_name,
                poll_interval=interval,
                max_attempts=max(1, int(self.wait.total_seconds() / interval)),
            ),
            method_name="resume",
            timeout=self.wait + timedelta(minutes=1),
        )


class ShareAssociatedSensor(_ShareSensor):
    """Wait until everything in an own share is ASSOCIATED.

    :param share: the share's name (templated)
    :param with_principals: whether the consumers must have joined, too
    """

    template_fields = (*CausewayOperator.template_fields, "share")

    def __init__(self, *, share: str, with_principals: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.share = share
        self.with_principals = with_principals

    def perform(self, context: Context) -> None:
        """Look; wait while something is on its way. Raises `SharingError` when it failed."""
        if self._look() == "waiting":
            from causeway_airflow.triggers.sharing import ShareAssociatedTrigger

            self.wait_with(
                ShareAssociatedTrigger, share=self.share, with_principals=self.with_principals
            )

    def resumed(self, context: Context) -> None:
        """Look again; reached when the trigger could not end the task itself."""
        if self._look() == "waiting":
            raise NotSharedYet(
                f"share {self.share} is not complete after {self.wait}",
                next_step="Look at its associations; the consumers may not have accepted.",
            )

    def _look(self) -> str:
        from causeway_airflow.hooks.ram import RamHook

        hook = RamHook(self.connection(), self.region_name)
        found = settled(hook.observed(), self.share, with_principals=self.with_principals)
        if found == "failure":
            raise SharingError(
                f"there is no share {self.share}, or an association in it failed",
                principal=hook.principal,
                next_step="Converge the share; RAM says why in get-resource-share-associations.",
            )
        return found


class InvitationSensor(_ShareSensor):
    """Wait until the declared shares of a consumer account are active or can be accepted.

    Inside an organisation with sharing on there is no invitation, and none is waited for.

    :param shares: the names of the shares (templated); all that are declared when None
    """

    template_fields = (*CausewayOperator.template_fields, "shares")

    def __init__(
        self,
        *,
        account_role: str,
        duty: str = "acceptor",
        shares: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.shares = shares

    def perform(self, context: Context) -> None:
        """Wait for what is declared."""
        trigger = self._trigger()
        if trigger.ask() == "waiting":
            from causeway_airflow.triggers.sharing import InvitationTrigger

            self.wait_with(InvitationTrigger, shares=trigger.shares)

    def resumed(self, context: Context) -> None:
        """Look again; reached when the trigger could not end the task itself."""
        trigger = self._trigger()
        if trigger.ask() == "waiting":
            raise NotSharedYet(
                f"not every one of {trigger.shares} came within {self.wait}",
                next_step="Run the sharing DAG, which shares anew what expired.",
            )

    def _trigger(self) -> Any:
        from causeway_airflow.triggers.sharing import InvitationTrigger

        wanted = [
            [share.name, str(share.owner)]
            for share in consumed_shares(self.account_role)
            if self.shares is None or share.name in self.shares
        ]
        return InvitationTrigger(
            shares=wanted, aws_conn_id=self.connection(), region_name=self.region_name
        )
