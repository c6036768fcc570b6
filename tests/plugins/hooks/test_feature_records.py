"""Records are written whole: encoded as botocore would, again where some were left, singly too."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from causeway.ingestion.bodies import Body, bodies, records
from tests.local_platform import LocalPlatform

GROUP = "credit-risk-outcome"


def requests(count: int, prefix: str, value: int = 1) -> list[Body]:
    columns = {
        "record_id": pa.array([f"{prefix}-{n}" for n in range(count)]),
        "event_time": pa.repeat("2019-11-24T00:00:00Z", count),
        "credit_risk": pa.repeat(value, count),
    }
    return list(bodies(GROUP, np.arange(count) + 2, records(columns)))


def ids(count: int, prefix: str) -> list[str]:
    return [f"{prefix}-{n}" for n in range(count)]


def hook(concurrency: int = 4) -> Any:
    from causeway_airflow.hooks.feature_records import FeatureRecordsHook

    return FeatureRecordsHook("causeway_data_ingester", concurrency=concurrency)


def test_what_was_written_is_read_back_by_id(shared: LocalPlatform) -> None:
    written = hook()
    outcomes = list(written.write(requests(130, "batch")))
    assert sum(outcome.written for outcome in outcomes) == 130
    stored = written.read(GROUP, "record_id", [*ids(130, "batch"), "batch-none"])
    assert set(stored) == set(ids(130, "batch"))


def test_the_bytes_are_those_that_botocore_sends(shared: LocalPlatform) -> None:
    sent: list[bytes] = []
    writer = hook()
    columns = {
        "record_id": pa.array(['a"b', "ä\\", "c\u2028"]),
        "event_time": pa.repeat("2019-11-24T00:00:00Z", 3),
        "credit_risk": pa.array([1, None, 0]),
        "text": pa.array(["x" * 10_000, "\x7f\t", "😀"]),
        "number": pa.array([0.1, 1e300, -0.0]),
    }
    (body,) = bodies(GROUP, np.arange(3), records(columns), stores=["OnlineStore"])

    def note(params: dict[str, Any], **_: Any) -> None:
        sent.append(params["body"])

    event = "before-call.sagemaker-featurestore-runtime.BatchWriteRecord"
    writer.client.meta.events.register_last(event, note)
    writer._send(body)
    plain = shared.client("sagemaker-featurestore-runtime", "data")
    plain.meta.events.register_last(event, note)
    plain.batch_write_record(Entries=body.entries())
    assert sent[0] == sent[1] == body.content


def test_records_go_singly_where_batches_are_not_to_be_had(
    shared: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.base import AwsCallError

    writer = hook()
    call, used = writer.call, []

    def without_batches(operation: str, **params: Any) -> dict[str, Any]:
        used.append(operation)
        if operation == "batch_write_record":
            raise AwsCallError("no batches", code="AccessDeniedException")
        return call(operation, **params)

    monkeypatch.setattr(writer, "call", without_batches)
    assert sum(outcome.written for outcome in writer.write(requests(30, "single"))) == 30
    assert used.count("put_record") == 30
    assert len(writer.read(GROUP, "record_id", ids(30, "single"))) == 30


def test_unprocessed_entries_are_sent_again_and_a_refused_one_is_named(
    shared: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = hook()
    send, sizes = writer._send, []

    def leaving(body: Body) -> dict[str, Any]:
        entries = body.entries()
        sizes.append(len(entries))
        if len(sizes) == 1:  # the first call keeps all but the last two
            send(body.part(range(len(entries) - 2)))
            return {"Errors": [], "UnprocessedEntries": entries[-2:]}
        send(body.part([0]))
        error = {"Entry": entries[1], "ErrorCode": "ValidationError", "ErrorMessage": "no"}
        return {"Errors": [error], "UnprocessedEntries": []}

    monkeypatch.setattr(writer, "_send", leaving)
    (outcome,) = writer.write(requests(10, "left"))
    assert sizes == [10, 2]
    assert outcome.written == 9
    assert [(failure.row, failure.code, failure.message) for failure in outcome.failed] == [
        (11, "ValidationError", "no")
    ]
    assert set(hook().read(GROUP, "record_id", ids(10, "left"))) == set(ids(9, "left"))


def test_a_refused_value_fails_alone(shared: LocalPlatform) -> None:
    (body,) = requests(3, "refused")
    spoiled = json.loads(body.content)
    spoiled["Entries"][1]["Record"][2]["ValueAsString"] = "many"
    (outcome,) = hook().write([Body(body.rows, json.dumps(spoiled).encode())])
    assert outcome.written == 2
    assert [failure.row for failure in outcome.failed] == [3]


def test_what_is_left_of_a_batch_goes_singly_and_all_of_it_counts(
    shared: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = hook()
    send, calls = writer._send, []

    def denying(body: Body) -> dict[str, Any]:
        entries = body.entries()
        calls.append(len(entries))
        if len(calls) == 1:
            send(body.part(range(len(entries) - 2)))
            return {"Errors": [], "UnprocessedEntries": entries[-2:]}
        denied = [{"Entry": entry, "ErrorCode": "AccessForbidden"} for entry in entries]
        return {"Errors": denied, "UnprocessedEntries": []}

    monkeypatch.setattr(writer, "_send", denying)
    (outcome,) = writer.write(requests(10, "denied"))
    assert (calls, outcome.written, outcome.failed) == ([10, 2], 10, ())
    assert len(hook().read(GROUP, "record_id", ids(10, "denied"))) == 10
