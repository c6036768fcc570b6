"""The operator of the governance sync."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk.exceptions import AirflowSkipException

from causeway_airflow.assets import PLATFORM
from causeway_airflow.bases.operator import CausewayOperator
from causeway_airflow.notifiers.alerts import run_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import PromotionRun

#: The XCom of the groups that the sync left, each with the reason.
BROKEN: Final = "broken"


class SyncOperator(CausewayOperator):
    """Read the registry, write what follows from it, and say which promotions are to be started.

    Events only wake this task; late, doubled or lost ones change nothing but latency. A write whose
    condition does not hold is left to the next sync, which decides on the new state.

    :returns: the arguments of one `TriggerDagRunOperator` for each promotion run that is missing
    """

    def __init__(
        self,
        *,
        account_role: str = "shared_services",
        duty: str = "registry-sync",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("inlets", [PLATFORM])
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> list[PromotionRun]:
        """Plan and carry out; skip before the accounts are set up."""
        from causeway_airflow.tasks.sync import NotSetUp, sync

        try:
            synced = sync(self.hook, Runs(context), run_of(context))
        except NotSetUp as error:
            raise AirflowSkipException(str(error)) from error
        context["ti"].xcom_push(key=BROKEN, value=dict(synced.broken))
        return synced.runs


class RequireChainsOperator(CausewayOperator):
    """Fail, and so alert, when the sync left groups because their chains are broken.

    A task of its own, so that the promotions of other groups are started first.

    :param sync: the task of the sync
    """

    def __init__(
        self,
        *,
        sync: str = "sync",
        account_role: str = "governance",
        duty: str = "recorder",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.sync = sync

    def perform(self, context: Context) -> None:
        """Name each group that was left, and why."""
        from causeway.errors import UnexpectedState

        broken = context["ti"].xcom_pull(task_ids=self.sync, key=BROKEN) or {}
        if broken:
            raise UnexpectedState(
                "; ".join(broken[group] for group in sorted(broken)),
                next_step="Other groups went on. Read docs/audit.md, 'When it is broken'.",
            )


@dataclass(frozen=True)
class Runs:
    """What the sync asks Airflow, which answers through the task's context."""

    context: Context

    def is_set_up(self) -> bool:
        """Tell whether platform__accounts ever succeeded: its asset has an event."""
        return len(self.context["inlet_events"][PLATFORM]) > 0

    def has_run(self, dag_id: str, run_id: str) -> bool:
        """Tell whether a DAG run exists."""
        return bool(self.context["ti"].get_dr_count(dag_id, run_ids=[run_id]))

    def has_failed(self, dag_id: str, run_id: str) -> bool:
        """Tell whether a DAG run exists and has failed."""
        ti = self.context["ti"]
        return bool(ti.get_dr_count(dag_id, run_ids=[run_id], states=["failed"]))
