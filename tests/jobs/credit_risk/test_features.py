"""Feature engineering: what the contract says, record by record."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.jobs.scripts import Chain, ScriptError


def test_each_group_has_its_features_with_id_and_time(chain: Chain) -> None:
    for group, name in zip(
        chain.case.feature_groups, ("applicant", "loan", "outcome"), strict=True
    ):
        table = pyarrow.parquet.read_table(chain.root / "features" / f"{name}.parquet")
        assert table.column_names == ["record_id", "event_time", *group.feature_names, "_line"]
        assert table["_line"].to_pylist()[:2] == [2, 3]
        assert table["record_id"].to_pylist()[:2] == ["sgc-000001", "sgc-000002"]
        assert set(table["event_time"].to_pylist()) == {chain.case.data.event_time.instant}
        assert table.num_rows == 1000


def test_derived_features_follow_from_their_own_record(chain: Chain) -> None:
    loan = pyarrow.parquet.read_table(chain.root / "features" / "loan.parquet").to_pylist()
    for row in loan[:50]:
        assert row["amount_per_month"] == pytest.approx(row["amount"] / row["duration"])
        assert row["amount_log"] == pytest.approx(math.log1p(row["amount"]))
        assert row["duration_normalised"] == pytest.approx((row["duration"] - 1) / 119)


def test_summary_has_statistics_of_the_features(chain: Chain) -> None:
    summary = json.loads((chain.root / "features" / "summary.json").read_text())
    assert summary["rows"] == 1000
    assert summary["features"]["age"]["min"] >= 18
    assert 0 <= summary["features"]["age_normalised"]["min"] <= 1


def spoilt(rows: pa.Table, name: str, value: object) -> pa.Table:
    """Return rows of which the third has another value."""
    values = rows[name].to_pylist()
    values[2] = value
    return rows.set_column(
        rows.column_names.index(name), rows.schema.field(name), [pa.array(values, rows[name].type)]
    )


def engineer(chain: Chain, folder: Path, rows: pa.Table) -> None:
    (folder / "rows").mkdir()
    pyarrow.parquet.write_table(rows, folder / "rows" / "rows.parquet")
    chain.run(
        *("features.py", "--rows", folder / "rows", "--contract", chain.contract()),
        *("--output", folder / "out"),
    )


@pytest.mark.parametrize(
    ("spoil", "pattern"),
    [
        (lambda rows: rows.drop_columns(["status"]), r"lacks the column\(s\) status"),
        (lambda rows: rows.slice(0, 0), "there are no rows"),
        (
            lambda rows: spoilt(rows, "duration", 0),
            r"row 4: amount_per_month = amount / duration has no value for amount = \d+, "
            r"duration = 0\n",
        ),
        (
            lambda rows: spoilt(rows, "amount", -1),
            r"row 4: amount_log = log\(1 \+ amount\) has no value for amount = -1\n",
        ),
        (
            lambda rows: spoilt(rows, "age", None),
            r"row 4: age_normalised = \(age - min\) / .* has no value for age = empty",
        ),
    ],
    ids=["no column", "no rows", "division by zero", "logarithm of zero", "nothing to divide"],
)
def test_rows_of_which_a_feature_has_no_value_are_refused_by_line_rule_and_operands(
    chain: Chain, tmp_path: Path, spoil: Callable[[pa.Table], pa.Table], pattern: str
) -> None:
    rows = pyarrow.parquet.read_table(chain.root / "rows" / "rows.parquet")
    with pytest.raises(ScriptError, match=pattern):
        engineer(chain, tmp_path, spoil(rows))
    assert not (tmp_path / "out").exists()


def test_what_is_no_table_of_rows_is_refused(chain: Chain, tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "raw.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ScriptError, match=r"raw\.csv holds no validated rows"):
        chain.run(
            *("features.py", "--rows", tmp_path / "rows", "--contract", chain.contract()),
            *("--output", tmp_path / "out"),
        )
