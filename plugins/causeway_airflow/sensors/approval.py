"""The sensor that waits for a person's decision, for days, at the cost of one item in a batch."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import StartTriggerArgs

from causeway.errors import ApprovalRefused, CausewayError
from causeway.governance.table import decision_of
from causeway.topology.accounts import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.versions.keys import decision_key
from causeway.versions.stages import Stage
from causeway_airflow.operators.base import ATTEMPT, VERSION_ARN, CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

TRIGGER = "causeway_airflow.triggers.approvals.ApprovalTrigger"


class NoDecisionError(CausewayError):
    """The wait ended, but the table holds no decision."""

    retryable = True


class ApprovalSensor(CausewayOperator):
    """Wait for the decision on a version's entry into a stage.

    Starts in its trigger and is ended by it: no worker is used at any time. What it waits for
    comes from the run's conf alone (`version_arn`, `attempt`), because a trigger that starts
    a task is rendered without XComs; a name is rendered only when it is both a template field and
    an argument of the trigger. `dag.test()` knows no triggerer and calls `execute`, which defers to
    the same trigger.

    :param target: the stage to be entered, `test` or `production`
    :param wait: how long to wait before the task fails
    :param poll_interval: seconds between two looks at the table
    :returns: the decision item (its JSON text when the trigger ended the task: Airflow encodes
        the XComs of a trigger twice)
    """

    template_fields = (*CausewayOperator.template_fields, "version_arn", "attempt")
    ui_color = "#f5e6c8"

    def __init__(
        self,
        *,
        target: str,
        wait: timedelta,
        poll_interval: float = 1.0,
        account_role: str = AccountRole.GOVERNANCE.value,
        duty: str = "recorder",
        version_arn: str = VERSION_ARN,
        attempt: str = ATTEMPT,
        **kwargs: Any,
    ) -> None:
        # Ended by `wait` alone, not by the DAG's default timeout; a rejection is not retried.
        kwargs |= {"execution_timeout": None, "retries": 0}
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.target = target
        self.wait = wait
        self.poll_interval = poll_interval
        self.version_arn = version_arn
        self.attempt = attempt
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

    def resumed(self, context: Context) -> dict[str, Any]:
        """Read the decision; reached when the trigger could not end the task itself."""
        from causeway_airflow.hooks.governance import GovernanceHook

        arn = ModelPackageArn.parse(self.version_arn)
        key = decision_key(arn, Stage(self.target), int(self.attempt))
        item = GovernanceHook(self.connection(), self.region_name).get(key)
        if item is None:
            raise NoDecisionError(
                f"there is no decision on {self.target} of {arn} (attempt {self.attempt})",
                next_step="Read the trigger's log; the task waits again on its next attempt.",
            )
        decision = decision_of(item)
        if decision.verdict.value != "approved":
            raise ApprovalRefused(
                f"{decision.person} rejected {arn} for {self.target}: {decision.reason}",
                next_step="Mend the model; an approval after that starts a new attempt.",
            )
        return item

    def _trigger_arguments(self) -> dict[str, Any]:
        return {
            "version_arn": self.version_arn,
            "attempt": self.attempt,
            "target": self.target,
            "aws_conn_id": self.connection(),
            "region_name": self.region_name,
            "poll_interval": self.poll_interval,
        }
