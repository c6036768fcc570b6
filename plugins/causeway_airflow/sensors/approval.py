"""The sensor that waits for a person's decision, for days, at the cost of one item in a batch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NoReturn

from causeway_airflow.bases.operator import airflow_errors
from causeway_airflow.bases.promotion import PromotionOperator
from causeway_airflow.configuration import topology

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import DecisionItem

#: After which parts of the wait those who may decide are reminded.
REMINDERS: Final = (0.5, 0.9)


class ApprovalSensor(PromotionOperator):
    """Ask people for the decision on a version's entry into a stage, and wait for it.

    A worker puts the request into Airflow's Required Actions, with the evidence, for the people who
    may decide, where the topology has a door for them (`airflow.door`). Then the task waits in the
    triggerer, whichever way the decision comes, and ends from there. An answer in Required Actions
    was said in the registry before Airflow stored it (`causeway_airflow.pages.answers`); it resumes
    the task, which goes on waiting until the word is judged. When nothing comes of it, the request
    is opened again. Who subscribed to alerts is told when the wait begins, and reminded after a
    half and nine tenths of it.

    :param target: the stage to be entered, `test` or `production`
    :param wait: how long to wait, from the start of the task, before it fails
    :param poll_interval: seconds between two looks at the table
    :returns: `DecisionItem` (its JSON text when the trigger ended the task: Airflow encodes
        the XComs of a trigger twice)
    """

    ui_color = "#f5e6c8"
    before_its_end = True

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
        # Ended by `wait` alone, not by the DAG's default timeout. A rejection is never retried; an
        # outage of hours while the request is made is outlived.
        kwargs |= {"execution_timeout": None, "retries": 100, "retry_delay": timedelta(minutes=2)}
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.target = target
        self.wait = wait
        self.poll_interval = poll_interval

    def perform(self, context: Context) -> DecisionItem:
        """Ask for the decision, unless it was made before; its evidence is copied for the pages."""
        from causeway_airflow.tasks.approval_requests import copy_gate_report
        from causeway_airflow.tasks.approvals import approval, is_decided

        subject = self.subject(context)
        copy_gate_report(self.hook, subject)
        if not is_decided(self.hook, subject.version, subject.attempt, self.target):
            self._tell(context)
            self._ask(context)
            self._wait(context)
        return approval(self.hook, subject.version, subject.attempt, self.target)

    def resume(self, context: Context, event: Any = None) -> DecisionItem:
        """Go on after an answer in Required Actions, or after the trigger."""
        from causeway.instants import instant
        from causeway_airflow.tasks.approvals import approval, is_decided
        from causeway_airflow.triggers.approvals import REMIND, UNJUDGED

        event = event if isinstance(event, dict) else {}
        with airflow_errors():
            self._parse()
            subject = self.subject(context)
            decided = is_decided(self.hook, subject.version, subject.attempt, self.target)
            if not decided and "chosen_options" in event:
                who = (event.get("responded_by_user") or {}).get("name")
                self.log.info("%s answered %s; it is judged", who, event["chosen_options"])
                self._wait(context, answered_at=instant(event["responded_at"]))
            if not decided and event.get("outcome") == REMIND:
                self._remind(context)
                self._wait(context, answered_at=event["answered_at"])
            if not decided and event.get("outcome") == UNJUDGED:
                self._ask(context)
                self._wait(context)
            return approval(self.hook, subject.version, subject.attempt, self.target)

    def resume_execution(
        self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context
    ) -> Any:
        """Go on; when the time is over, fail for good, whatever retries are left."""
        from airflow.sdk.exceptions import AirflowFailException, TaskDeferralTimeout

        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralTimeout as error:
            if self._is_decided(context):  # in the last moment
                return self.resume(context)
            raise AirflowFailException(
                f"nobody decided on {self.target} of {self.version_arn} within {self.wait}; "
                "clear this task to ask them anew"
            ) from error

    def _is_decided(self, context: Context) -> bool:
        from causeway_airflow.tasks.approvals import is_decided

        with airflow_errors():
            self._parse()
            subject = self.subject(context)
            return is_decided(self.hook, subject.version, subject.attempt, self.target)

    def _ask(self, context: Context) -> None:
        """Open the request, or open it again after an answer that nothing came of."""
        if not topology().airflow.door:
            return
        from airflow.sdk import Param
        from airflow.sdk.execution_time.hitl import HITLUser, upsert_hitl_detail

        from causeway.versions.stages import Stage
        from causeway_airflow.tasks.approval_requests import (
            APPROVE,
            REASON,
            REJECT,
            approval_request,
        )
        from causeway_airflow.tasks.words import REASON_LENGTH

        subject = self.subject(context)
        request = approval_request(self.hook, subject, Stage(self.target), self._until(context))
        reason = Param("", type="string", minLength=1, maxLength=REASON_LENGTH, title="Reason")
        upsert_hitl_detail(
            ti_id=context["ti"].id,
            options=[APPROVE, REJECT],
            subject=request.headline,
            body=request.body,
            params={REASON: reason.serialize()},
            assigned_users=[HITLUser(**assignee) for assignee in request.assignees],
        )

    def _tell(self, context: Context) -> None:
        """Tell who subscribed to alerts that somebody has to decide."""
        from causeway.versions.stages import Stage
        from causeway_airflow.notifiers.alerts import run_of
        from causeway_airflow.tasks.alerts import raise_alerts
        from causeway_airflow.tasks.approval_requests import notice

        waits = notice(self.subject(context), Stage(self.target), run_of(context))
        raise_alerts(self.hook, [waits])

    def _remind(self, context: Context) -> None:
        """Remind them; a wait does not end because nobody could be reminded."""
        from causeway.errors import CausewayError
        from causeway.versions.stages import Stage
        from causeway_airflow.notifiers.alerts import run_of
        from causeway_airflow.tasks.alerts import raise_alerts
        from causeway_airflow.tasks.approval_requests import reminder

        subject, until = self.subject(context), self._until(context)
        try:
            raise_alerts(self.hook, [reminder(subject, Stage(self.target), run_of(context), until)])
        except CausewayError as error:
            self.log.warning("nobody was reminded: %s", error)

    def _until(self, context: Context) -> datetime:
        """Return when the wait is over, however often the task is resumed meanwhile."""
        return (context["ti"].start_date or datetime.now(UTC)) + self.wait

    def _wait(self, context: Context, answered_at: str = "") -> NoReturn:
        from causeway.instants import instant
        from causeway_airflow.triggers.approvals import ApprovalTrigger

        until, now = self._until(context), datetime.now(UTC)
        reminders = (until - self.wait * (1 - part) for part in REMINDERS)
        remind_at = next((instant(at) for at in reminders if at > now), "")
        self.defer(
            trigger=ApprovalTrigger(
                use_case=self.use_case,
                model=self.model,
                version_arn=self.version_arn,
                attempt=self.attempt,
                target=self.target,
                aws_conn_id=self.connection(),
                region_name=self.region_name,
                poll_interval=self.poll_interval,
                request=str(context["ti"].id) if topology().airflow.door else "",
                answered_at=answered_at,
                remind_at=remind_at,
            ),
            method_name="resume",
            timeout=max(until - now, timedelta(seconds=1)),
        )
