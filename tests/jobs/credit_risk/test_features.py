"""Feature engineering: what the contract says, record by record."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pyarrow.parquet
import pytest

from tests.jobs.scripts import Chain, ScriptError


def test_each_group_has_its_features_with_id_and_time(chain: Chain) -> None:
    for group, name in zip(
        chain.case.feature_groups, ("applicant", "loan", "outcome"), strict=True
    ):
        table = pyarrow.parquet.read_table(chain.root / "features" / f"{name}.parquet")
        assert table.column_names == ["record_id", "event_time", *group.feature_names]
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


def engineer(chain: Chain, tmp_path: Path, raw: str) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "credit.asc").write_text(raw)
    chain.run(
        *("features.py", "--raw", folder, "--contract", chain.contract()),
        *("--output", tmp_path / "out"),
    )


@pytest.mark.parametrize(
    ("spoil", "pattern"),
    [
        (lambda text: text.replace("laufkont", "laufkonto", 1), "laufkont"),
        (lambda text: text.replace("\n", "\nx", 1), "x"),
        (lambda text: text.splitlines()[0] + "\n", "no rows"),
        (lambda text: text.replace(" ", ";"), "laufkont"),
    ],
    ids=["missing column", "not a number", "no rows", "wrong separator"],
)
def test_raw_file_that_breaks_the_contract_is_refused(
    chain: Chain, tmp_path: Path, spoil: object, pattern: str
) -> None:
    raw = (chain.root / "raw" / "credit.asc").read_text()
    with pytest.raises(ScriptError, match=pattern):
        engineer(chain, tmp_path, spoil(raw))  # type: ignore[operator]
    assert not (tmp_path / "out").exists()
