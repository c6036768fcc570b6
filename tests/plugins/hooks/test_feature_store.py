"""Records are written whole: in batches, again where some were left, singly where it must be."""

from __future__ import annotations

from typing import Any

import pytest

from causeway.errors import PartialWrite
from causeway.features import Record
from tests.local_platform import LocalPlatform

GROUP = "credit-risk-outcome"


def records(count: int, prefix: str) -> list[Record]:
    return [
        Record(
            GROUP,
            f"{prefix}-{n}",
            (
                ("record_id", f"{prefix}-{n}"),
                ("event_time", "2019-11-24T00:00:00Z"),
                ("credit_risk", "1"),
            ),
        )
        for n in range(count)
    ]


def test_what_was_written_is_read_back_by_id(shared: LocalPlatform) -> None:
    from causeway_airflow.hooks.feature_store import FeatureRecordsHook

    hook = FeatureRecordsHook("causeway_data_ingester")
    made = records(130, "batch")
    assert hook.write(made) == 130
    found = hook.read(GROUP, "record_id", [r.record_id for r in made] + ["batch-none"])
    assert set(found) == {r.record_id for r in made}


def test_records_go_singly_where_batches_are_not_to_be_had(
    shared: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.base import AwsCallError
    from causeway_airflow.hooks.feature_store import FeatureRecordsHook

    hook = FeatureRecordsHook("causeway_data_ingester")
    call, used = hook.call, []

    def without_batches(operation: str, **given: Any) -> dict[str, Any]:
        used.append(operation)
        if operation == "batch_write_record":
            raise AwsCallError("no batches", code="AccessDeniedException")
        return call(operation, **given)

    monkeypatch.setattr(hook, "call", without_batches)
    assert hook.write(records(30, "single")) == 30
    assert used.count("put_record") == 30
    assert len(hook.read(GROUP, "record_id", [f"single-{n}" for n in range(30)])) == 30


def test_unprocessed_entries_are_sent_again_and_a_refused_one_is_named(
    shared: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.feature_store import FeatureRecordsHook

    hook = FeatureRecordsHook("causeway_data_ingester")
    call, calls = hook.call, []

    def leaving(operation: str, **given: Any) -> dict[str, Any]:
        entries = given.get("Entries", [])
        calls.append(len(entries))
        if len(calls) == 1:  # the first call keeps all but the last two
            reply = call(operation, Entries=entries[:-2])
            return {**reply, "UnprocessedEntries": entries[-2:]}
        if len(calls) == 2:  # the second refuses one of them
            error = {"Entry": entries[1], "ErrorCode": "ValidationError", "ErrorMessage": "no"}
            return {**call(operation, Entries=entries[:1]), "Errors": [error]}
        return call(operation, **given)

    monkeypatch.setattr(hook, "call", leaving)
    with pytest.raises(PartialWrite, match="left-9: ValidationError no"):
        hook.write(records(10, "left"))
    assert calls == [10, 2]
    monkeypatch.undo()
    assert len(hook.read(GROUP, "record_id", [f"left-{n}" for n in range(10)])) == 9
