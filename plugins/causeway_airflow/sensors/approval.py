"""The sensor that waits for a person's decision, for days, at the cost of one item in a batch."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import StartTriggerArgs

from causeway_airflow.bases.operator import RUN_ID
from causeway_airflow.bases.promotion import PromotionOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import DecisionItem

TRIGGER = "causeway_airflow.triggers.approvals.ApprovalTrigger"


class ApprovalSensor(PromotionOperator):
    """Wait for the decision on a version's entry into a stage.

    Starts in its trigger and is ended by it: no worker is used at any time. What it waits for
    comes from the run alone (its id, and `version_arn` and `attempt` of its conf), because a
    trigger that starts a task is rendered without XComs; a name is rendered only when it is both a
    template field and an argument of the trigger. `dag.test()` knows no triggerer and calls
    `execute`, which defers to the same trigger.

    The trigger makes the check that other tasks of a promotion begin with. A run that is not the
    promotion's is handed back to its task, which says so and fails.

    :param target: the stage to be entered, `test` or `production`
    :param wait: how long to wait before the task fails
    :param poll_interval: seconds between two looks at the table
    :returns: `DecisionItem` (its JSON text when the trigger ended the task: Airflow encodes
        the XComs of a trigger twice)
    """

    template_fields = (*PromotionOperator.template_fields, "run_id")
    ui_color = "#f5e6c8"

    def __init__(
        self,
        *,
        target: str,
        wait: timedelta,
        poll_interval: float = 1.0,
        account_role: str = "governance",
        duty: str = "recorder",
        **kwargs: Any,
    ) -> None:
        # Ended by `wait` alone, not by the DAG's default timeout; a rejection is not retried.
        kwargs |= {"execution_timeout": None, "retries": 0}
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.target = target
        self.wait = wait
        self.poll_interval = poll_interval
        self.run_id = RUN_ID
        self.start_from_trigger = True
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=TRIGGER,
            trigger_kwargs=self._trigger_arguments(),
            next_method="resume",
            timeout=wait,
        )

    def perform(self, context: Context) -> Any:
        """Defer to the trigger that would have started this task."""
        from causeway_airflow.triggers.approvals import ApprovalTrigger

        self.defer(
            trigger=ApprovalTrigger(**self._trigger_arguments()),
            method_name="resume",
            timeout=self.wait,
        )

    def resumed(self, context: Context) -> DecisionItem:
        """Read the decision; reached when the trigger could not end the task itself."""
        from causeway_airflow.tasks.approvals import approval

        subject = self.subject(context)
        return approval(self.hook, subject.version, subject.attempt, self.target)

    def _trigger_arguments(self) -> dict[str, Any]:
        return {
            "use_case": self.use_case,
            "model": self.model,
            "run_id": self.run_id,
            "version_arn": self.version_arn,
            "attempt": self.attempt,
            "target": self.target,
            "aws_conn_id": self.connection(),
            "region_name": self.region_name,
            "poll_interval": self.poll_interval,
        }
