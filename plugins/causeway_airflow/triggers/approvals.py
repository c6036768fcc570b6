"""Waits for decisions: every waiting approval of a triggerer shares one poller per connection.

The poller asks the governance table for up to 100 decision items a call, however many tasks wait.
It looks for the decision item only, which the guard writes; nothing in the registry opens a wait.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import TaskFailedEvent, TaskSuccessEvent, TriggerEvent

from causeway.errors import CausewayError
from causeway.governance.approvals import entitled
from causeway.governance.decisions import decision_of, revocation_of
from causeway.governance.promotions import require_own_promotion
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


class DecisionPoller:
    """Reads the items that triggers wait for, in one loop.

    A poller belongs to one event loop. It stops when no trigger waits. A read that fails, whatever
    the reason, is logged and tried again, ever more slowly: a wait of days outlives an outage of
    hours, and only its task's own timeout ends it.
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
            try:
                keys = [key for keys in self._waiting.values() for key in keys]
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
            for future, wanted in self._waiting.items():
                item = next((items[key] for key in wanted if key in items), None)
                if item is not None and not future.done():
                    future.set_result(item)
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
    its XCom. A run that is not the version's promotion is refused before it waits.

    :param use_case: the use case of the run's DAG
    :param model: the model of the run's DAG
    :param run_id: the run
    :param version_arn: the model package version
    :param attempt: the promotion attempt the decision belongs to
    :param target: `test` or `production`
    """

    def __init__(
        self,
        use_case: str,
        model: str,
        run_id: str,
        version_arn: str,
        attempt: int | str,
        target: str,
        aws_conn_id: str,
        region_name: str | None = None,
        poll_interval: float = 1.0,
    ) -> None:
        super().__init__()
        self.use_case = use_case
        self.model = model
        self.run_id = run_id
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
            "run_id": self.run_id,
            "version_arn": self.version_arn,
            "attempt": self.attempt,
            "target": self.target,
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "poll_interval": self.poll_interval,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait for the decision item."""
        try:
            version, attempt = ModelPackageArn.parse(self.version_arn), int(self.attempt)
            await self._judge(version, attempt)
            stop, key = (
                revocation_key(version, attempt),
                decision_key(version, Stage(self.target), attempt),
            )
            self.log.info("waiting for %s %s", key.pk, key.sk)
            self.log.info("%s", self._how(version))
            decisions = poller(self.aws_conn_id, self.region_name, self.poll_interval)
            item = await decisions.wait(stop, key)
        except (CausewayError, ValueError) as error:
            self.log.error("cannot wait for a decision on %s: %s", self.version_arn, error)
            # Resumed, the task reads the table itself and says what is wrong.
            yield woken(outcome="failure", error=str(error))
            return
        if item["sk"] == stop.sk:
            by = revocation_of(item)
            self.log.error("%s stopped %s: %s", by.person, self.version_arn, by.reason)
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
        ends = TaskSuccessEvent if decision.verdict.value == "approved" else TaskFailedEvent
        yield ends(xcoms={"return_value": item})

    def _how(self, version: ModelPackageArn) -> str:
        """Return who may decide, and with which command."""
        _, model = case_and_model(self.use_case, self.model)
        people = entitled(model, Stage(self.target))
        of_version = f"VERSION={version.group}/{version.version} FOR={self.target}"
        command = f"make approve {of_version} AS={people[0]} REASON='…'"
        how = command if topology().local else "UpdateModelPackage"
        return f"{' or '.join(people)} decides: {how} (docs/approving.md)"

    async def _judge(self, version: ModelPackageArn, attempt: int) -> None:
        """Make the check; what AWS refuses or fails is tried again, as the poller does."""
        failures = 0
        while True:
            try:
                await asyncio.to_thread(self._require_own, version, attempt)
                return
            except AwsCallError as error:
                failures += 1
                self.log.warning("cannot look up the promotion yet: %s", error)
                await asyncio.sleep(pause(self.poll_interval, failures))

    def _require_own(self, version: ModelPackageArn, attempt: int) -> None:
        from causeway_airflow.hooks.stage_table import StageTableHook

        case, model = case_and_model(self.use_case, self.model)
        table = shared(StageTableHook, self.aws_conn_id, self.region_name)
        require_own_promotion(
            table.promotion(version),
            version,
            case,
            model,
            topology(),
            attempt=attempt,
            run_id=self.run_id,
        )
