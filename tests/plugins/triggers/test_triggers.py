"""Waiting: one poller for all decisions, a queue that only wakes, bounds that hold."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from causeway.errors import CausewayError
from causeway_airflow.results import DecisionItem
from tests.local_platform import LocalPlatform

GROUP = "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk"
#: Numbers that no version has that others register.
FIRST = 9001


def decide(platform: LocalPlatform, version: int, verdict: str) -> None:
    item: DecisionItem = {
        "pk": f"DECISION#{GROUP}/{version}",
        "sk": "DECISION#test#1",
        "version_arn": f"{GROUP}/{version}",
        "target_stage": "test",
        "attempt": 1,
        "verdict": verdict,
        "person": "model-owner",
        "reason": "because",
        "package_sha256": "c" * 64,
        "artifact_sha256": "a" * 64,
        "gate_report_sha256": "b" * 64,
        "decided_at": "2026-03-01T00:00:00.000000+00:00",
        "valid_until": "2027-03-01T00:00:00.000000+00:00",
    }
    put(platform, dict(item))


def put(platform: LocalPlatform, item: Mapping[str, Any]) -> None:
    platform.client("dynamodb", "governance").put_item(
        TableName="causeway-governance",
        Item={k: {"N": str(v)} if isinstance(v, int) else {"S": v} for k, v in item.items()},
    )


def waiting(version: int | str) -> Any:
    from causeway_airflow.triggers.approvals import ApprovalTrigger

    arn = f"{GROUP}/{version}" if isinstance(version, int) else version
    return ApprovalTrigger(
        use_case="credit_risk",
        model="credit_risk",
        version_arn=arn,
        attempt="1",
        target="test",
        aws_conn_id="causeway_governance_recorder",
        poll_interval=0.05,
    )


async def first(trigger: Any) -> Any:
    async for event in trigger.run():
        return event
    return None


def test_all_waiting_approvals_share_one_poller_and_end_their_tasks_themselves(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.triggers.base import TaskFailedEvent, TaskSuccessEvent

    from causeway_airflow.hooks.governance import GovernanceHook

    read, sizes = GovernanceHook.get_many, []

    def counting(self: Any, keys: Any) -> Any:
        sizes.append(len(keys))
        return read(self, keys)

    monkeypatch.setattr(GovernanceHook, "get_many", counting)

    versions = range(FIRST, FIRST + 40)

    async def all_of_them() -> list[Any]:
        tasks = [asyncio.create_task(first(waiting(version))) for version in versions]
        await asyncio.sleep(1)
        for version in versions:
            await asyncio.to_thread(
                decide, platform, version, "rejected" if version == versions[6] else "approved"
            )
        return await asyncio.wait_for(asyncio.gather(*tasks), 60)

    events = asyncio.run(all_of_them())
    assert {type(event) for event in events[:6] + events[7:]} == {TaskSuccessEvent}
    assert isinstance(events[6], TaskFailedEvent)
    assert events[6].xcoms["return_value"]["person"] == "model-owner"
    assert max(sizes) == 80  # one read asks for all that wait: a decision, or a stop


def test_a_thousand_waits_take_ten_calls_an_interval_and_each_gets_its_turn(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway.items import Key
    from causeway_airflow.hooks.governance import GovernanceHook
    from causeway_airflow.triggers.approvals import DecisionPoller

    call, calls, reads = GovernanceHook.call, [0], []
    read = GovernanceHook.get_many

    def counting(self: Any, operation: str, **params: Any) -> Any:
        calls[0] += operation == "batch_get_item"
        return call(self, operation, **params)

    def reading(self: Any, keys: Any) -> Any:
        before = calls[0]
        items = read(self, keys)
        reads.append(calls[0] - before)
        return items

    monkeypatch.setattr(GovernanceHook, "call", counting)
    monkeypatch.setattr(GovernanceHook, "get_many", reading)
    last = FIRST + 500  # it waits behind a thousand others
    decide(platform, last, "approved")

    async def wait() -> dict[str, Any]:
        poller = DecisionPoller("causeway_governance_recorder", None, 0.05)
        others = [
            asyncio.create_task(poller.wait(Key(f"DECISION#none/{n}", "a"), Key("none", str(n))))
            for n in range(1000)
        ]
        await asyncio.sleep(0)
        key = Key(f"DECISION#{GROUP}/{last}", "DECISION#test#1")
        item = await asyncio.wait_for(poller.wait(Key(key.pk, "REVOCATION#1"), key), 60)
        assert not any(other.done() for other in others)
        for other in others:
            other.cancel()
        return item

    assert asyncio.run(wait())["verdict"] == "approved"
    assert len(reads) == 3 and max(reads) == 10


@pytest.mark.parametrize(
    "error", [CausewayError("the table cannot be read"), RuntimeError("nobody expected that")]
)
def test_a_decision_is_honoured_after_an_outage_of_any_kind(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    from airflow.triggers.base import TaskSuccessEvent

    from causeway_airflow.hooks.governance import GovernanceHook
    from causeway_airflow.triggers import approvals

    version = FIRST + (98 if isinstance(error, CausewayError) else 99)
    read, left = GovernanceHook.get_many, [50]  # at half a minute each: most of half an hour

    def down(self: Any, keys: Any) -> Any:
        left[0] -= 1
        if left[0] > 0:
            raise error
        return read(self, keys)

    decide(platform, version, "approved")
    monkeypatch.setattr(GovernanceHook, "get_many", down)
    monkeypatch.setattr(approvals, "MAX_PAUSE", 0.01)
    event = asyncio.run(asyncio.wait_for(first(waiting(version)), 60))
    assert isinstance(event, TaskSuccessEvent)


def test_a_trigger_is_rebuilt_from_what_it_serializes() -> None:
    from airflow.sdk.module_loading import import_string

    from causeway_airflow.tasks.jobs import wait_of
    from causeway_airflow.triggers.queue import QueueEventTrigger
    from causeway_airflow.triggers.waiting import WaitTrigger

    job = wait_of("training", "job").document()
    made = [
        waiting(1),
        WaitTrigger(job, aws_conn_id="causeway_data_science_trainer", ends_task=True),
        QueueEventTrigger("queue", "causeway_governance_event_reader"),
    ]
    for trigger in made:
        path, arguments = trigger.serialize()
        assert import_string(path)(**arguments).serialize() == (path, arguments)
        json.dumps(arguments)


def test_messages_fire_one_event_and_are_deleted_after_it(platform: LocalPlatform) -> None:
    from causeway_airflow.triggers.queue import QueueEventTrigger

    sqs = platform.client("sqs", "governance")
    url = sqs.get_queue_url(QueueName="causeway-registry-events")["QueueUrl"]
    sqs.purge_queue(QueueUrl=url)
    body = json.dumps({"detail": {"ModelPackageArn": f"{GROUP}/1"}})
    sqs.send_message(QueueUrl=url, MessageBody=body)
    sqs.send_message(QueueUrl=url, MessageBody="no JSON of ours")

    async def run() -> list[str]:
        trigger = QueueEventTrigger(
            "causeway-registry-events", "causeway_governance_event_reader", wait_seconds=1
        )
        events, seen = trigger.run(), []
        seen.append(await anext(events))
        # Asked for the next one, the trigger deletes what it has handed over.
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(events), 2)
        return [version for event in seen for version in event.payload["versions"]]

    assert asyncio.run(run()) == [f"{GROUP}/1"]
    left = sqs.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    assert set(left.values()) == {"0"}


def test_intervals_grow_to_the_longest_and_fit_into_the_wait() -> None:
    from causeway_airflow.waits import intervals

    assert list(intervals(1.0, 1.0, 3.5)) == [1.0, 1.0, 1.0]
    assert list(intervals(15.0, 60.0, 300.0)) == [15.0, 22.5, 33.75, 50.625, 60.0, 60.0]


def test_polling_is_by_the_second_on_the_local_aws_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from causeway_airflow import configuration

    monkeypatch.delenv("CAUSEWAY_POLL_SECONDS", raising=False)
    assert (configuration.poll_interval(), configuration.longest_poll_interval()) == (1.0, 1.0)
    real = configuration.topology().model_copy(update={"local": False})
    monkeypatch.setattr(configuration, "topology", lambda: real)
    assert (configuration.poll_interval(), configuration.longest_poll_interval()) == (15.0, 60.0)


def test_a_poll_that_never_ends_is_bounded_and_hands_the_task_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from causeway.statuses import Meaning
    from causeway_airflow.tasks.jobs import wait_of
    from causeway_airflow.triggers.waiting import WaitTrigger

    job = wait_of("training", "job").document()
    trigger = WaitTrigger(job, aws_conn_id="x", poll_interval=0.0, max_attempts=5)
    asked = []
    monkeypatch.setattr(trigger, "look", lambda: asked.append(1) or Meaning.WAITING)
    event = asyncio.run(first(trigger))
    assert event.payload == {"outcome": "exhausted"}
    assert len(asked) == 5
