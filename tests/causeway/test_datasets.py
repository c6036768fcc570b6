import random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from causeway import config, datasets
from causeway.config import ModelSpec, UseCase
from causeway.errors import BadInput


def outcome_rows(rows: list[tuple[str, str, str, int, bool]]) -> pa.Table:
    names = ("record_id", "event_time", "api_invocation_time", "credit_risk", "is_deleted")
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    return pa.table({name: list(column) for name, column in zip(names, columns, strict=True)})


def latest(rows: list[tuple[str, str, str, int, bool]]) -> list[tuple[str, int]]:
    group = config.use_case("credit_risk").group("credit-risk-outcome")
    table = datasets.latest_records(group, outcome_rows(rows))
    return list(zip(table["record_id"].to_pylist(), table["credit_risk"].to_pylist(), strict=True))


def test_the_latest_event_time_wins_then_the_latest_write() -> None:
    rows = [
        ("b", "t1", "w1", 0, False),
        ("a", "t2", "w1", 1, False),
        ("a", "t1", "w9", 0, False),
        ("b", "t1", "w2", 1, False),
    ]
    assert latest(rows) == [("a", 1), ("b", 1)]


def test_a_deleted_record_is_out_and_a_later_write_brings_it_back() -> None:
    rows = [("a", "t1", "w1", 1, False), ("a", "t2", "w2", 1, True), ("b", "t1", "w1", 0, False)]
    assert latest(rows) == [("b", 0)]
    assert latest([*rows, ("a", "t3", "w3", 0, False)]) == [("a", 0), ("b", 0)]


histories = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.sampled_from(["t1", "t2", "t3"]),
        st.integers(0, 10**6).map(lambda n: f"w{n:07d}"),
        st.integers(0, 1),
        st.booleans(),
    ),
    min_size=1,
    max_size=30,
    unique_by=lambda row: row[:3],
)


@given(histories, st.randoms())
def test_the_order_of_the_files_does_not_matter(
    rows: list[tuple[str, str, str, int, bool]], shuffle: random.Random
) -> None:
    expected = {}
    for row in sorted(rows, key=lambda r: r[:3]):
        expected[row[0]] = row
    alive = sorted((k, r[3]) for k, r in expected.items() if not r[4])
    shuffle.shuffle(rows)
    assert latest(rows) == alive


def groups(case: UseCase, ids: list[str]) -> dict[str, pa.Table]:
    made = {}
    for group in case.feature_groups:
        columns: dict[str, list[object]] = {
            "record_id": list(ids),
            "event_time": ["t"] * len(ids),
            **{f.name: [1] * len(ids) for f in group.features},
        }
        made[group.name] = datasets.latest_records(group, pa.table(columns))
    return made


def test_groups_are_joined_on_the_record_id_in_its_order(case: UseCase) -> None:
    table = datasets.join_groups(case, groups(case, ["b", "a", "c"]))
    assert table["record_id"].to_pylist() == ["a", "b", "c"]
    assert table.column_names == ["record_id", *case.features]
    assert str(table.schema.field("amount_log").type) == "double"


def test_the_digest_follows_the_values_alone(case: UseCase) -> None:
    first = datasets.dataset_spec(case, datasets.join_groups(case, groups(case, ["b", "a"])))
    same = datasets.dataset_spec(case, datasets.join_groups(case, groups(case, ["a", "b"])))
    other = datasets.dataset_spec(case, datasets.join_groups(case, groups(case, ["a", "c"])))
    assert first == same
    assert first.digest != other.digest
    assert first.key == f"datasets/credit_risk/{first.digest}/dataset.parquet"


def test_groups_that_hold_different_records_are_refused(case: UseCase) -> None:
    tables = groups(case, ["a", "b"])
    tables["credit-risk-loan"] = groups(case, ["a", "x"])["credit-risk-loan"]
    with pytest.raises(BadInput, match="different records"):
        datasets.join_groups(case, tables)


def test_a_missing_or_empty_group_is_refused(case: UseCase) -> None:
    tables = groups(case, ["a"])
    del tables["credit-risk-loan"]
    with pytest.raises(BadInput, match="credit-risk-loan"):
        datasets.join_groups(case, tables)
    with pytest.raises(BadInput, match="holds no records"):
        datasets.join_groups(case, groups(case, []))


def test_a_store_of_another_schema_is_refused(case: UseCase) -> None:
    group = case.group("credit-risk-outcome")
    with pytest.raises(BadInput, match="lacks credit_risk"):
        datasets.latest_records(group, pa.table({"record_id": ["a"], "event_time": ["t"]}))
    bad = pa.table({"record_id": ["a"], "event_time": ["t"], "credit_risk": ["good"]})
    with pytest.raises(BadInput, match="column 'credit_risk': is no int64"):
        datasets.latest_records(group, bad)


def test_the_preprocessing_document_names_inputs_label_and_split(
    case: UseCase, model: ModelSpec
) -> None:
    document = datasets.preprocess_document(case, model)
    assert document["label"] == "credit_risk"
    assert len(document["features"]) == 20
    assert document["features"][0] == {"name": "status", "codes": [1, 2, 3, 4]}
    assert document["split"] == {
        "method": "published",
        "time_column": None,
        "test_size": 0.3,
        "holdout_test_size": 0.5,
        "random_state": 0,
    }
