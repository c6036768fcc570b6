"""Backfill: the store's own layout, and the same objects from the same input."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from causeway.ingestion.backfill import Backfill, Spool, schema, spooled
from causeway.ingestion.records import RecordChunk
from causeway.use_cases.contracts import Feature, FeatureGroup

GROUP = FeatureGroup(name="bench", features=(Feature(name="n", source="n", type="Integral"),))
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def chunk(first: int, hours: list[int]) -> RecordChunk:
    count = len(hours)
    times = [
        datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for hour in hours
    ]
    columns: dict[str, Any] = {
        "record_id": pa.array([f"r{n}" for n in range(first, first + count)]),
        "event_time": pa.array(times),
        "n": pa.array(range(first, first + count), pa.int64()),
    }
    return RecordChunk(np.arange(first, first + count), np.array(hours), columns, (), count)


def objects(folder: Path) -> dict[str, dict[str, list[Any]]]:
    folder.mkdir()
    backfill = Backfill(GROUP, folder, "d" * 64, NOW)
    backfill.add(chunk(0, [10, 11, 10]))
    backfill.add(chunk(3, [11, 11]))
    written = backfill.finish()
    assert [object_.rows for object_ in written] == [2, 3]
    return {object_.key: pq.read_table(object_.path).to_pydict() for object_ in written}


def test_each_hour_has_its_object_in_the_layout_of_the_store(tmp_path: Path) -> None:
    tables = objects(tmp_path / "one")
    early, late = tables
    assert early == "year=1970/month=01/day=01/hour=10/19700101T100000Z_dddddddddd000000.parquet"
    assert "/hour=11/" in late
    assert tables[early]["record_id"] == ["r0", "r2"]
    assert tables[late]["n"] == [1, 3, 4]
    assert tables[late]["is_deleted"] == [False] * 3
    assert tables[late]["write_time"] == [NOW] * 3


def test_the_same_input_makes_the_same_objects(tmp_path: Path) -> None:
    assert objects(tmp_path / "one") == objects(tmp_path / "two")


def test_hours_without_end_are_ended_in_turn(tmp_path: Path) -> None:
    backfill = Backfill(GROUP, tmp_path, "d" * 64, NOW)
    backfill.add(chunk(0, list(range(40))))
    backfill.add(chunk(40, list(range(40))))
    written = backfill.finish()
    assert sum(object_.rows for object_ in written) == 80
    assert len({object_.key for object_ in written}) == len(written)
    read = [pq.read_table(object_.path, schema=schema(GROUP)) for object_ in written]
    assert sorted(pa.concat_tables(read)["n"].to_pylist()) == list(range(80))


def test_a_spool_gives_back_what_it_took(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    for first in (0, 5):
        spool.add(chunk(first, [1, 2]))
    spool.finish()
    parts = [
        (numbers.tolist(), columns["n"].to_pylist()) for numbers, columns in spooled(spool.path)
    ]
    assert parts == [([0, 1], [0, 1]), ([5, 6], [5, 6])]
