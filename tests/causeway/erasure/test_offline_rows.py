"""One record in a Parquet object: found, and written away without touching another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from causeway.erasure.offline_rows import contains, rows_in, write_without

TIME = "2026-01-0{}T00:00:00Z"


def rows(ids: list[Any], deleted: list[bool | None] | None = None) -> pa.Table:
    return pa.table(
        {
            "record_id": ids,
            "event_time": [TIME.format(n + 1) for n in range(len(ids))],
            "age": pa.array(range(len(ids)), pa.int64()),
            "is_deleted": pa.array(deleted or [False] * len(ids), pa.bool_()),
        }
    )


def stored(path: Path, table: pa.Table, row_group: int = 2) -> Path:
    pq.write_table(table, path, row_group_size=row_group)
    return path


def test_rows_and_marks_are_told_apart(tmp_path: Path) -> None:
    table = rows(["a", "b", "a", "a"], [False, False, None, True])
    held = rows_in(stored(tmp_path / "x", table), "record_id", "event_time", "a")
    assert (held.rows, len(held.times), len(held.marks)) == (2, 2, 1)
    assert max(held.times) < min(held.marks)
    assert rows_in(tmp_path / "x", "record_id", "event_time", "c").rows == 0


def test_only_the_records_rows_go_and_its_mark_stays(tmp_path: Path) -> None:
    table = rows(["a", "b", "a", "a"], [False, False, None, True])
    source = stored(tmp_path / "x", table)
    assert write_without(source, tmp_path / "y", "record_id", "a") == 2
    left = pq.read_table(tmp_path / "y")
    assert left.schema.equals(table.schema)
    assert left.to_pylist() == [table.to_pylist()[1], table.to_pylist()[3]]


def test_a_file_of_one_record_becomes_an_empty_file(tmp_path: Path) -> None:
    source = stored(tmp_path / "x", rows(["a", "a", "a"]))
    assert write_without(source, tmp_path / "y", "record_id", "a") == 3
    assert pq.read_table(tmp_path / "y").num_rows == 0


@pytest.mark.parametrize(("ids", "record"), [([1, 2, 1], "1"), ([1.0, 2.0, 1.0], "1.0")])
def test_numeric_identifiers_are_compared_as_numbers(
    tmp_path: Path, ids: list[Any], record: str
) -> None:
    source = stored(tmp_path / "x", rows(ids))
    assert rows_in(source, "record_id", "event_time", record).rows == 2
    assert rows_in(source, "record_id", "event_time", "one").rows == 0
    assert contains(source, "record_id", record) and not contains(source, "record_id", "7")
