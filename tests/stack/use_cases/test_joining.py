"""The join of a dry training: as declared, and as known at the time of each row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from causeway.use_cases.use_case import UseCase
from stack.processes import StackError
from stack.use_cases.joining import dataset_of
from tests import shop
from tests.causeway.values import use_case_of

CUSTOMERS = {
    "record_id": ["C-7", "C-8", "C-7"],
    "event_time": ["2026-03-01T08:00:00Z", "2026-01-10T08:00:00Z", "2026-01-10T08:00:00.000Z"],
    "segment": ["gold", "regular", "new"],
    "income": [61000.0, 52000.0, None],
}
ORDERS = {
    "record_id": ["901", "900", "902", "903"],
    "event_time": ["2026-03-12T17:05:00.000Z", "2026-01-10T08:00:00Z", *["2026-01-09T00:00:00Z"]*2],
    "customer": ["C-7", "C-7", "C-8", None],
    "amount": [1.0, 2.0, 3.0, 4.0],
    "returned": [0, 1, 0, 1],
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pq.write_table(pa.table(CUSTOMERS), tmp_path / "customer.parquet")
    pq.write_table(pa.table(ORDERS), tmp_path / "order.parquet")
    return tmp_path


def case_with(**dataset: Any) -> UseCase:
    document = shop.document()
    document["models"][0]["dataset"] |= dataset
    return use_case_of(yaml.safe_dump(document, sort_keys=False), "shop.yaml")


def joined(case: UseCase, folder: Path) -> tuple[pa.Table, str]:
    lines: list[str] = []
    return dataset_of(case, case.models[0], folder, lines.append), "\n".join(lines)


def segments(case: UseCase, folder: Path) -> list[tuple[str, str | None]]:
    rows = joined(case, folder)[0].to_pylist()
    return [(row["record_id"], row["segment"]) for row in rows]


def test_a_row_sees_what_was_known_at_its_time(folder: Path) -> None:
    known = [("900", "new"), ("901", "gold"), ("902", None), ("903", None)]
    assert segments(case_with(), folder) == known


def test_the_latest_are_the_present_ones(folder: Path) -> None:
    case = case_with(mode="latest")
    known = [("900", "gold"), ("901", "gold"), ("902", "regular"), ("903", None)]
    assert segments(case, folder) == known
    assert "event_time" not in joined(case, folder)[0].column_names


def test_rows_without_a_record_are_left_out_or_refused_as_declared(folder: Path) -> None:
    assert segments(case_with(missing="drop"), folder) == [("900", "new"), ("901", "gold")]
    with pytest.raises(StackError, match="returns: 2 of 4 rows have no record in shop-customer"):
        segments(case_with(missing="refuse"), folder)


def test_rows_without_a_record_are_counted_with_the_likely_cause(folder: Path) -> None:
    _, said = joined(case_with(missing="drop"), folder)
    assert said.startswith(
        "look: 2 of 4 rows have no record in shop-customer, and are left out: 1 whose `customer` "
        "is no id there, 1 from before its first record"
    )
    assert "are they written alike? In a dataset of mode point_in_time" in said
    _, said = joined(case_with(mode="latest"), folder)
    assert "1 of 4 rows have no record in shop-customer, and are empty there" in said
    assert "Compare `customer` with the ids of shop-customer (sources.customers.record_id)" in said


def test_where_no_row_has_a_record_the_cause_and_what_to_do_is_said(folder: Path) -> None:
    pq.write_table(pa.table(ORDERS | {"customer": ["7", "7", "8", "8"]}), folder / "order.parquet")
    with pytest.raises(
        StackError, match=r"4 of 4 rows .* 4 whose `customer` is no id there"
    ) as said:
        joined(case_with(missing="drop"), folder)
    assert "are they written alike?" in str(said.value)
    times = {"event_time": ["2026-06-01T00:00:00Z"] * 3, "record_id": ["C-7", "C-8", "C-9"]}
    pq.write_table(pa.table(CUSTOMERS | times), folder / "customer.parquet")
    known = ORDERS | {"customer": ["C-7"] * 4}
    pq.write_table(pa.table(known), folder / "order.parquet")
    with pytest.raises(StackError, match="4 from before its first record") as said:
        joined(case_with(missing="drop"), folder)
    assert "point_in_time" in str(said.value)
    assert "sources.customers.event_time (now column: updated_at), or `mode: latest`" in str(
        said.value
    )


def test_a_group_is_joined_on_what_a_group_before_it_knew(folder: Path) -> None:
    document = shop.document()
    document["sources"]["segments"] = {
        "format": {"separator": ","},
        "record_id": {"from": "column", "column": "segment"},
        "event_time": {"fixed": "2026-01-01T00:00:00Z"},
        "columns": ["segment", "discount"],
    }
    discount = {"name": "discount", "source": "discount", "type": "Fractional", "nullable": True}
    document["feature_groups"].append(
        {"name": "shop-segment", "from": "segments", "features": [discount]}
    )
    groups = document["models"][0]["dataset"]["groups"]
    groups.append({"group": "shop-segment", "on": "segment"})
    case = use_case_of(yaml.safe_dump(document, sort_keys=False), "shop.yaml")
    segments = {
        "record_id": ["new", "gold"],
        "event_time": ["2026-01-01T00:00:00Z"] * 2,
        "discount": [0.0, 9.5],
    }
    pq.write_table(pa.table(segments), folder / "segment.parquet")
    rows = joined(case, folder)[0].to_pylist()
    discounts = {row["record_id"]: row["discount"] for row in rows}
    assert discounts == {"900": 0.0, "901": 9.5, "902": None, "903": None}
