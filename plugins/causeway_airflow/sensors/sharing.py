"""The sensor of sharing: an own share is complete."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from causeway_airflow.bases.waiting import WaitingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.waits import Outcome


class ShareAssociatedSensor(WaitingOperator[None]):
    """Wait until everything in an own share is ASSOCIATED; fails when an association failed.

    On success the trigger ends the task.

    :param share: the share's name (templated)
    :param with_principals: whether the consumers must have joined, too
    :param wait: how long to wait
    """

    template_fields = (*WaitingOperator.template_fields, "share")

    def __init__(
        self,
        *,
        share: str,
        with_principals: bool = True,
        wait: timedelta = timedelta(minutes=10),
        **kwargs: Any,
    ) -> None:
        super().__init__(wait=wait, **kwargs)
        self.share = share
        self.with_principals = with_principals

    def begin(self, context: Context) -> Outcome[None]:
        """Look at the share."""
        from causeway_airflow.tasks.sharing import await_association

        return await_association(self.hook, self.share, self.with_principals)

    def look(self, context: Context, **carried: Any) -> Outcome[None]:
        """Look again; reached when the trigger could not end the task itself."""
        return self.begin(context)
