"""The one operator that waits: it owns the bound, the timeout, the resume and the error of a wait.

A subclass says how its work begins and how its end is looked at; both answer `Done` or `Pending`.
"""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from causeway.errors import StillRunning
from causeway.topology.account_roles import AccountRole
from causeway_airflow.bases.operator import CausewayOperator, airflow_errors
from causeway_airflow.configuration import longest_poll_interval, poll_interval, topology
from causeway_airflow.waits import Outcome, Pending, intervals

if TYPE_CHECKING:
    from airflow.sdk import Context


R = TypeVar("R")


class WaitingOperator(CausewayOperator, Generic[R]):
    """Begin something, and wait for it in the triggerer unless it is over at once.

    `WaitingOperator[Dataset]` is one whose result is a `Dataset`.

    :param wait: how long to wait before the task fails (and a retry goes on waiting)
    """

    def __init__(self, *, wait: timedelta, **kwargs: Any) -> None:
        # A deferred task is also ended by its execution timeout, whatever the DAG's default.
        super().__init__(**{**kwargs, "execution_timeout": wait + timedelta(minutes=10)})
        self.wait = wait

    @abstractmethod
    def begin(self, context: Context) -> Outcome[R]:
        """Begin or adopt the work."""

    @abstractmethod
    def look(self, context: Context, **carried: Any) -> Outcome[R]:
        """Look at the work again: its result, what is still waited for, or why there is none."""

    def perform(self, context: Context) -> R:
        """Begin the work; defer unless it is done."""
        outcome = self.begin(context)
        if isinstance(outcome, Pending):
            self._defer(outcome, context)
        return outcome.result

    def resume(self, context: Context, event: Any = None, **carried: Any) -> Any:
        """Go on after the wait, with what was carried over it.

        `dag.test()` hands over the event alone (Airflow 3.3.2), so that it is in the event, too.
        The event of a trigger that ends its task is a text there.
        """
        event = event if isinstance(event, dict) else {}
        with airflow_errors():
            self._parse()
            return self.resumed(context, **{**event.get("carried", {}), **carried})

    def resumed(self, context: Context, **carried: Any) -> R:
        """Return the result of what was waited for, or raise why there is none."""
        outcome = self.look(context, **carried)
        if isinstance(outcome, Pending):
            if outcome.anew:
                self._defer(outcome, context)
            raise StillRunning(
                f"{outcome.wait.what} {outcome.wait.unfinished} after {self._bound(outcome)}",
                account=topology().account(AccountRole(self.account_role)),
                principal=f"connection {self.connection()}",
                next_step=outcome.wait.next_step,
            )
        return outcome.result

    def _defer(self, pending: Pending[Any], context: Context) -> NoReturn:
        from causeway_airflow.triggers.waiting import WaitTrigger

        if pending.ends_task and pending.result is not None:
            # Airflow stores what a trigger returns as JSON text inside JSON, so that a reader gets
            # a string: the result goes out from here, where it is known already.
            context["ti"].xcom_push("return_value", pending.result)
        interval, longest = poll_interval(), longest_poll_interval()
        bound = self._bound(pending)
        self.defer(
            trigger=WaitTrigger(
                wait=pending.wait.document(),
                aws_conn_id=pending.wait.connection or self.connection(),
                region_name=self.region_name,
                poll_interval=interval,
                longest_interval=longest,
                carried=dict(pending.carried),
                max_attempts=max(1, len(list(intervals(interval, longest, bound.total_seconds())))),
                ends_task=pending.ends_task,
            ),
            method_name="resume",
            kwargs=dict(pending.carried) or None,
            timeout=bound + timedelta(minutes=1),
        )

    def _bound(self, pending: Pending[Any]) -> timedelta:
        seconds = pending.wait.seconds
        return self.wait if seconds is None else min(self.wait, timedelta(seconds=seconds))
