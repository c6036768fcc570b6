"""Waits for decisions: every waiting approval of a triggerer shares one poller per connection.

The poller asks the governance table for up to 100 items a call, and makes ten calls at the most in
an interval, however many tasks wait.
It looks for the decision item only, which the guard writes; nothing in the registry opens a wait.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final
from uuid import UUID

from airflow.triggers.base import TaskFailedEvent, TaskSuccessEvent, TriggerEvent

from causeway.governance.approvals import entitled
from causeway.governance.decisions import decision_of, revocation_of
from causeway.governance.gestures import Verdict
from causeway.governance.table import RecordedRefusal
from causeway.instants import instant, moment
from causeway.items import Key
from causeway.topology.arns import ModelPackageArn
from causeway.versions.keys import decision_key, revocation_key
from causeway.versions.stages import Stage
from causeway_airflow.configuration import case_and_model, topology
from causeway_airflow.hooks.base import AwsCallError
from causeway_airflow.triggers.base import CausewayTrigger, woken
from causeway_airflow.triggers.hooks import shared

log = logging.getLogger(__name__)

#: Seconds between two reads at the most, when reads fail.
MAX_PAUSE = 30.0
#: How many waits a read asks for at most: two keys each, a hundred keys a call, ten calls.
WAITS_A_READ: Final = 500
#: What wakes a task whose request was answered without a decision coming of it.
UNJUDGED: Final = "unjudged"
#: What wakes a task to remind those who may decide.
REMIND: Final = "remind"
#: How long the sync may take to judge an answer, after CloudTrail has it; seconds between looks.
JUDGED_WITHIN: Final = timedelta(minutes=6)
LOOK_SECONDS: Final = 2.0


class DecisionPoller:
    """Reads the items that triggers wait for, in one loop.

    A poller belongs to one event loop, and stops when no trigger waits. A read asks for some of
    those who wait, in turn, so that its calls do not grow with their number: a thousand are asked
    for in two intervals. A read that fails, whatever the reason, is logged and tried again, ever
    more slowly: a wait of days outlives an outage of hours, and only its task's own timeout ends
    it.
    """

    def __init__(self, aws_conn_id: str, region_name: str | None, interval: float) -> None:
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.interval = interval
        self._waiting: dict[asyncio.Future[dict[str, Any]], tuple[Key, ...]] = {}
        self._task: asyncio.Task[None] | None = None

    async def wait(self, *keys: Key) -> dict[str, Any]:
        """Return the first of the items as soon as one exists."""
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[future] = keys
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll(), name=f"decisions {self.aws_conn_id}")
        try:
            return await future
        finally:
            self._waiting.pop(future, None)

    async def _poll(self) -> None:
        failures = 0
        while self._waiting:
            turn = dict(islice(self._waiting.items(), WAITS_A_READ))
            try:
                keys = [key for keys in turn.values() for key in keys]
                items = await asyncio.to_thread(self._read, keys)
                failures = 0
            except Exception:  # whatever it is, those who wait did nothing wrong
                failures += 1
                items = {}
                log.exception(
                    "the decisions could not be read (%d in a row); %d tasks wait on",
                    failures,
                    len(self._waiting),
                )
            for future, wanted in turn.items():
                item = next((items[key] for key in wanted if key in items), None)
                if item is not None and not future.done():
                    future.set_result(item)
                if self._waiting.pop(future, None):  # it waits on, behind those not asked for yet
                    self._waiting[future] = wanted
            await asyncio.sleep(pause(self.interval, failures))

    def _read(self, keys: list[Key]) -> dict[Key, dict[str, Any]]:
        from causeway_airflow.hooks.governance import GovernanceHook

        return shared(GovernanceHook, self.aws_conn_id, self.region_name).get_many(keys)


def pause(interval: float, failures: int) -> float:
    """Return how long to wait before the next read, after that many that failed in a row."""
    return float(min(interval * 2 ** min(failures, 16), MAX_PAUSE))


_pollers: dict[tuple[int, str, str | None], DecisionPoller] = {}


def poller(aws_conn_id: str, region_name: str | None, interval: float) -> DecisionPoller:
    """Return the poller of this loop and connection; the shortest interval asked for counts."""
    key = (id(asyncio.get_running_loop()), aws_conn_id, region_name)
    shared_poller = _pollers.setdefault(key, DecisionPoller(aws_conn_id, region_name, interval))
    shared_poller.interval = min(shared_poller.interval, interval)
    return shared_poller


class ApprovalTrigger(CausewayTrigger):
    """Wait for the decision on a version's entry into a stage, and end the task with it.

    Approved ends it successfully; rejected or a stop of the attempt fails it. What was decided is
    its XCom. The task has made sure before that its run is the version's promotion.

    :param use_case: the use case of the run's DAG
    :param model: the model of the run's DAG
    :param version_arn: the model package version
    :param attempt: the promotion attempt the decision belongs to
    :param target: `test` or `production`
    :param request: the task instance whose request in Required Actions is closed with the decision
    :param answered_at: when that request was answered; the task is woken if nothing comes of it
    :param remind_at: when the task is woken to remind people; never where it is empty
    """

    def __init__(
        self,
        use_case: str,
        model: str,
        version_arn: str,
        attempt: int | str,
        target: str,
        aws_conn_id: str,
        region_name: str | None = None,
        poll_interval: float = 1.0,
        request: str = "",
        answered_at: str = "",
        remind_at: str = "",
    ) -> None:
        super().__init__()
        self.request = request
        self.answered_at = answered_at
        self.remind_at = remind_at
        self.use_case = use_case
        self.model = model
        self.version_arn = version_arn
        self.attempt = attempt
        self.target = target
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.poll_interval = poll_interval

    def arguments(self) -> dict[str, Any]:
        """Return the arguments that rebuild this trigger."""
        return {
            "use_case": self.use_case,
            "model": self.model,
            "version_arn": self.version_arn,
            "attempt": self.attempt,
            "target": self.target,
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "poll_interval": self.poll_interval,
            "request": self.request,
            "answered_at": self.answered_at,
            "remind_at": self.remind_at,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait for the decision item."""
        version, attempt = ModelPackageArn.parse(self.version_arn), int(self.attempt)
        stop = revocation_key(version, attempt)
        key = decision_key(version, Stage(self.target), attempt)
        self.log.info("waiting for %s %s", key.pk, key.sk)
        self.log.info("%s", self._how(version))
        item = await self._item(version, stop, key)
        if isinstance(item, str):
            yield woken(outcome=item, answered_at="" if item == UNJUDGED else self.answered_at)
            return
        if item["sk"] == stop.sk:
            by = revocation_of(item)
            self.log.error("%s stopped %s: %s", by.person, self.version_arn, by.reason)
            await self._close("Reject", f"{by.person} stopped it: {by.reason}")
            yield TaskFailedEvent(xcoms={"return_value": item})
            return
        decision = decision_of(item)
        self.log.info(
            "%s for %s of %s by %s: %s",
            decision.verdict.value,
            self.target,
            self.version_arn,
            decision.person,
            decision.reason,
        )
        approved = decision.verdict is Verdict.APPROVED
        said = f"{decision.person}: {decision.reason}"
        await self._close("Approve" if approved else "Reject", said)
        ends = TaskSuccessEvent if approved else TaskFailedEvent
        yield ends(xcoms={"return_value": item})

    async def _item(self, version: ModelPackageArn, *keys: Key) -> dict[str, Any] | str:
        """Return the decision or the stop, or why the task is woken without one."""
        decisions = poller(self.aws_conn_id, self.region_name, self.poll_interval)
        self.answered_at = self.answered_at or await self._answered()
        waits: list[asyncio.Task[dict[str, Any] | str]] = [
            asyncio.create_task(decisions.wait(*keys))
        ]
        if self.answered_at:
            waits.append(asyncio.create_task(self._unjudged(version)))
        if self.remind_at:
            waits.append(asyncio.create_task(self._reminder()))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return next(wait.result() for wait in waits if wait.done())
        finally:
            for wait in waits:
                wait.cancel()

    async def _reminder(self) -> str:
        """Return when people have to be reminded."""
        left = moment(self.remind_at) - datetime.now(UTC)
        await asyncio.sleep(max(left.total_seconds(), 0))
        return REMIND

    async def _answered(self) -> str:
        """Return when the request was answered, if it was before the task began to wait."""
        if not self.request:
            return ""
        from airflow.sdk.execution_time.hitl import get_hitl_detail_content_detail

        try:
            detail = await asyncio.to_thread(get_hitl_detail_content_detail, UUID(self.request))
            return instant(detail.responded_at) if detail.responded_at else ""
        except Exception as error:  # `dag.test()` answers nothing; the wait goes on as it is
            self.log.warning("the request in Required Actions cannot be read: %s", error)
            return ""

    async def _unjudged(self, version: ModelPackageArn) -> str:
        """Return when the answer was refused, or when the sync should have judged it long ago."""
        answered = moment(self.answered_at)
        until = answered + timedelta(minutes=topology().trail_delay_minutes) + JUDGED_WITHIN
        while datetime.now(UTC) < until:
            await asyncio.sleep(max(self.poll_interval, LOOK_SECONDS))
            try:
                refusals = await asyncio.to_thread(self._refusals, version)
            except AwsCallError as error:
                self.log.warning("cannot look up what was refused yet: %s", error)
                continue
            for refusal in refusals:
                if refusal.refused_at >= answered:
                    self.log.warning("refused: %s", refusal.reason)
                    return UNJUDGED
        self.log.warning("nothing came of the answer of %s", self.answered_at)
        return UNJUDGED

    def _refusals(self, version: ModelPackageArn) -> list[RecordedRefusal]:
        from causeway_airflow.hooks.stage_table import StageTableHook

        return shared(StageTableHook, self.aws_conn_id, self.region_name).refusals(version)

    async def _close(self, option: str, reason: str) -> None:
        """Answer the request with what was decided elsewhere, so that nobody answers it later."""
        if not self.request:
            return
        from airflow.sdk.execution_time.hitl import (
            get_hitl_detail_content_detail,
            update_hitl_detail_response,
        )

        task_instance = UUID(self.request)
        try:
            detail = await asyncio.to_thread(get_hitl_detail_content_detail, task_instance)
            if not detail.response_received:
                await asyncio.to_thread(
                    update_hitl_detail_response, task_instance, [option], {"reason": reason}
                )
        except Exception as error:  # the decision stands, whatever becomes of the request
            self.log.warning("the request in Required Actions could not be closed: %s", error)

    def _how(self, version: ModelPackageArn) -> str:
        """Return who may decide, and with which command."""
        _, model = case_and_model(self.use_case, self.model)
        people = entitled(model, Stage(self.target))
        of_version = f"VERSION={version.group}/{version.version} FOR={self.target}"
        command = f"make approve {of_version} AS={people[0]} REASON='…'"
        how = command if topology().local else "UpdateModelPackage"
        return f"{' or '.join(people)} decides: {how} (docs/approving.md)"
