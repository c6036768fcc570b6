import json
from dataclasses import replace

import pytest

from causeway.lineage.records import COUNTS, KINDS, counted, puts, record_of
from tests.causeway.lineage.world import records

RECORDS = records()


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_a_record_is_read_back_as_it_was_written(record) -> None:
    item = record.item()
    assert record_of(record.kind, json.loads(item["document"])) == record
    assert item["pk"] == f"LINEAGE#{record.kind}" and item["digest"] == record.digest


def test_every_kind_is_in_the_world_of_the_tests() -> None:
    assert {record.kind for record in RECORDS} == set(KINDS)


def test_keys_of_later_releases_are_left_out() -> None:
    document = json.loads(RECORDS[0].item()["document"]) | {"colour": "blue"}
    assert record_of(RECORDS[0].kind, document) == RECORDS[0]


def test_each_record_is_written_once_and_an_unsettled_one_has_no_digest() -> None:
    assert len(puts([*RECORDS, *RECORDS])) == len(RECORDS)
    changed = replace(RECORDS[0], owner="another")
    assert changed.key == RECORDS[0].key and changed.digest != RECORDS[0].digest
    (put,) = puts([changed])
    assert put.item == changed.item()
    (unsettled,) = puts([changed], settled=False)
    assert unsettled.item == changed.item() | {"digest": ""}


def test_changes_are_counted_by_kind() -> None:
    count = counted(puts([RECORDS[0], RECORDS[2], RECORDS[3]]))
    assert count.key == COUNTS
    assert count.names == {"#k0": "group", "#k1": "ingestion"}
    assert count.expression == "ADD #k0 :one, #k1 :one"
