"""The SQL of datasets, answered for real: equal to a naive as-of join, and nothing from the future.

The engine is the one that the local AWS's Athena has, fed directly. `make test` runs 20 histories a
property, `make soak` (CAUSEWAY_DEPTH=full) 1000.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causeway.datasets.query import DatasetQuery, GroupTable, OwnTable, TableName, summary_sql
from causeway.errors import ConfigError
from localaws.athena import dialect
from localaws.athena.sandbox import Sandbox

histories = settings(max_examples=1000 if os.environ.get("CAUSEWAY_DEPTH") == "full" else 20)
START = datetime(2024, 1, 1, tzinfo=UTC)
HOME = ("owner", "features")
Write = tuple[str, int, int, int, int | None]  # key, event hour, sent, written; None: a deletion

writes = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.integers(0, 4),
        st.integers(0, 2),
        st.integers(0, 3),
        st.one_of(st.none(), st.integers(0, 3)),
    ),
    max_size=12,
)


def moment(hours: int) -> datetime:
    return START + timedelta(hours=hours)


def text(hours: int) -> str:
    """One moment has several spellings; the zone follows the hour."""
    if hours % 2:
        return moment(hours + 2).strftime("%Y-%m-%dT%H:%M:%S+02:00")
    return moment(hours).strftime("%Y-%m-%dT%H:%M:%SZ")


def store(history: list[Write], feature: str) -> pa.Table:
    naive = pa.timestamp("ms")
    return pa.table(
        {
            "id": pa.array([w[0] for w in history], pa.string()),
            "at": pa.array([text(w[1]) for w in history], pa.string()),
            feature: pa.array([w[4] for w in history], pa.int64()),
            "write_time": pa.array([moment(w[3]).replace(tzinfo=None) for w in history], naive),
            "api_invocation_time": pa.array(
                [moment(w[2]).replace(tzinfo=None) for w in history], naive
            ),
            "is_deleted": pa.array([w[4] is None for w in history], pa.bool_()),
        }
    )


def table(name: str, feature: str, **more: Any) -> GroupTable:
    return GroupTable(TableName(*HOME, name), "id", "at", {feature: feature}, **more)


def answer(sql: str, **tables: pa.Table) -> list[tuple[Any, ...]]:
    query = dialect.read_query(sql, *HOME)
    stored = [(dialect.TableName(*HOME, name), rows) for name, rows in tables.items()]
    with Sandbox() as sandbox:
        rows_ = sandbox.answer(query, stored, HOME).to_pylist()
    return [tuple(row.values()) for row in rows_]


def visible(history: list[Write], snapshot: int) -> list[Write]:
    """Return the writes that count, the slow way."""
    writes_ = [w for w in history if w[3] <= snapshot]
    deleted: dict[str, int] = {}
    for key, hour, _, _, value in writes_:
        if value is None:
            deleted[key] = max(hour, deleted.get(key, hour))
    return [w for w in writes_ if w[4] is not None and w[1] >= deleted.get(w[0], w[1])]


def newest(history: list[Write]) -> Write:
    return max(history, key=lambda w: w[1:])  # type: ignore[arg-type,return-value]  # no None is left


def naive_as_of(spine: list[Write], other: list[Write], snapshot: int) -> list[tuple[Any, ...]]:
    """Join as of the event time with pandas, row by row."""
    frame = pd.DataFrame(
        visible(spine, snapshot), columns=["key", "hour", "sent", "written", "value"]
    )
    rows = []
    for (key, hour), same in frame.groupby(["key", "hour"]):
        value = same.sort_values(["sent", "written", "value"]).iloc[-1]["value"]
        earlier = [w for w in visible(other, snapshot) if w[0] == key and w[1] <= hour]
        if earlier:
            rows.append((key, text(int(hour)), int(value), newest(earlier)[4]))
    return sorted(rows, key=lambda row: (row[0], datetime.fromisoformat(row[1])))


@histories
@given(spine=writes, other=writes, snapshot=st.integers(0, 3))
def test_a_point_in_time_dataset_is_the_naive_join(
    spine: list[Write], other: list[Write], snapshot: int
) -> None:
    query = DatasetQuery(
        table("s", "x"), [table("o", "y")], "point_in_time", snapshot=moment(snapshot)
    )
    rows = answer(query.sql(), s=store(spine, "x"), o=store(other, "y"))
    assert rows == naive_as_of(spine, other, snapshot)


@histories
@given(spine=writes, other=writes)
def test_a_latest_dataset_has_the_present_record_of_each(
    spine: list[Write], other: list[Write]
) -> None:
    rows = answer(
        DatasetQuery(table("s", "x"), [table("o", "y")]).sql(),
        s=store(spine, "x"),
        o=store(other, "y"),
    )
    first, second = (
        {
            key: newest([w for w in visible(h, 9) if w[0] == key])[4]
            for key in {w[0] for w in visible(h, 9)}
        }
        for h in (spine, other)
    )
    assert rows == [(key, first[key], second[key]) for key in sorted(first.keys() & second.keys())]


@histories
@given(spine=writes, other=writes)
def test_nothing_later_than_a_rows_event_time_enters_it(
    spine: list[Write], other: list[Write]
) -> None:
    # The feature's value is its own event hour, so that a leak shows in the number.
    spine = [(k, h, s, w, None if v is None else h) for k, h, s, w, v in spine]
    other = [(k, h, s, w, None if v is None else h) for k, h, s, w, v in other]
    query = DatasetQuery(table("s", "x"), [table("o", "y", required=False)], "point_in_time")
    for _, _, own, joined in answer(query.sql(), s=store(spine, "x"), o=store(other, "y")):
        assert joined is None or joined <= own


@histories
@given(history=writes, order=st.randoms())
def test_the_order_of_the_writes_changes_nothing(history: list[Write], order: Any) -> None:
    shuffled = list(history)
    order.shuffle(shuffled)
    sql = DatasetQuery(table("s", "x"), mode="point_in_time").sql()
    assert answer(sql, s=store(history, "x")) == answer(sql, s=store(shuffled, "x"))


def test_own_rows_are_joined_with_shared_features() -> None:
    own = pa.table(
        {
            "case": ["1", "2", "2"],
            "asked": [text(3), text(2), text(2)],
            "customer": ["a", "b", "b"],
            "label": [1, 0, 0],
        }
    )
    spine = OwnTable(
        TableName(*HOME, "cases"), "case", "asked", {"customer": "customer", "label": "good"}
    )
    shared = table("o", "y", on="customer", required=False)
    rows = answer(
        DatasetQuery(spine, [shared], "point_in_time").sql(),
        cases=own,
        o=store([("a", 1, 0, 0, 7), ("a", 4, 0, 0, 9), ("b", 3, 0, 0, 8)], "y"),
    )
    assert [row[2:] for row in rows] == [("a", 1, 7), ("b", 0, None), ("b", 0, None)]


@histories
@given(spine=writes, first=writes, second=writes)
def test_rows_without_a_record_are_counted_by_group(
    spine: list[Write], first: list[Write], second: list[Write]
) -> None:
    tables = {"s": store(spine, "x"), "o": store(first, "y"), "t": store(second, "z")}
    joined = [table("o", "y"), table("t", "z", required=False)]
    (counts,) = answer(DatasetQuery(table("s", "x"), joined).missing_sql(), **tables)
    keys, *others = ({w[0] for w in visible(h, 9)} for h in (spine, first, second))
    expected: list[Any] = [len(keys)]
    for other in others:
        absent = keys - other
        expected += [len(absent) if keys else None, min(absent, default=None)]
    assert list(counts) == expected
    rows = answer(DatasetQuery(table("s", "x"), joined).sql(), **tables)
    assert {row[0] for row in rows} == keys & others[0], "what is required drops, the other stays"
    assert {row[0] for row in rows if row[3] is None} == (keys & others[0]) - others[1]


def known(name: str, value: str, *records: tuple[str, int, str | None]) -> pa.Table:
    """Return a group's store of texts: id, hour, and what was known then."""
    empty = store([(key, hour, 0, 0, 0) for key, hour, _ in records], "x").drop_columns(["x"])
    return empty.append_column(value, pa.array([text for *_, text in records], pa.string()))


@pytest.mark.parametrize("mode", ["latest", "point_in_time"])
def test_a_group_is_joined_on_what_a_group_before_it_knew(mode: Any) -> None:
    orders = known("s", "customer", ("o1", 2, "c1"), ("o2", 2, "c2"), ("o3", 2, "c9"))
    customers = known("o", "region", ("c1", 1, "r1"), ("c1", 3, "r2"), ("c2", 1, None))
    regions = known("t", "country", ("r1", 1, "DE"), ("r2", 1, "FR"))
    query = DatasetQuery(
        table("s", "customer"),
        [
            table("o", "region", on="customer", required=False),
            table("t", "country", on="region", required=False),
        ],
        mode=mode,
    )
    rows = {row[0]: row[-1] for row in answer(query.sql(), s=orders, o=customers, t=regions)}
    assert rows == {"o1": "FR" if mode == "latest" else "DE", "o2": None, "o3": None}
    (counts,) = answer(query.missing_sql(), s=orders, o=customers, t=regions)
    assert list(counts) == [3, 1, "o3", 2, "o2"]


def test_names_that_collide_or_are_missing_are_refused() -> None:
    with pytest.raises(ConfigError, match="two columns x"):
        DatasetQuery(table("s", "x"), [table("o", "x")]).sql()
    with pytest.raises(ConfigError, match="no column before it"):
        DatasetQuery(table("s", "x"), [table("o", "y", on="z")]).sql()


def test_a_summary_counts_records_rows_and_the_last_write() -> None:
    history: list[Write] = [("a", 1, 0, 0, 7), ("a", 2, 0, 3, 9), ("b", 3, 0, 1, None)]
    last = moment(3).replace(tzinfo=None)
    assert answer(summary_sql(table("s", "x")), s=store(history, "x")) == [(2, 3, last, 3)]
    since = summary_sql(table("s", "x"), last)
    assert answer(since, s=store(history, "x")) == [(2, 3, last, 0)], (
        "all were sent before the last was written"
    )
