"""The split and its encoding."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet
import pytest
from sklearn.model_selection import train_test_split

from tests.jobs.scripts import Chain, ScriptError


def encoded(chain: Chain, part: str) -> list[list[float]]:
    with (chain.root / "parts" / part / f"{part}.csv").open() as file:
        return [[float(cell) for cell in row] for row in csv.reader(file)]


def held_out(chain: Chain) -> list[dict[str, str]]:
    with (chain.root / "parts" / "evaluation" / "test.csv").open() as file:
        return list(csv.DictReader(file))


def test_split_is_that_of_file_order(chain: Chain) -> None:
    sizes = {part: len(encoded(chain, part)) for part in ("train", "validation", "test")}
    assert sizes == {"train": 700, "validation": 150, "test": 150}
    _, rest = train_test_split(range(1000), test_size=0.3, random_state=0)
    _, test = train_test_split(rest, test_size=0.5, random_state=0)
    expected = [f"sgc-{number + 1:06d}" for number in test]
    assert [row["record_id"] for row in held_out(chain)] == expected


def test_order_of_the_rows_in_the_dataset_does_not_matter(chain: Chain, tmp_path: Path) -> None:
    table = pyarrow.parquet.read_table(chain.root / "dataset" / "dataset.parquet")
    (tmp_path / "dataset").mkdir()
    shuffled = table.take(list(reversed(range(table.num_rows))))
    pyarrow.parquet.write_table(shuffled, tmp_path / "dataset" / "dataset.parquet")
    chain.run(
        *("preprocess.py", "--dataset", tmp_path / "dataset"),
        *("--contract", chain.document(), "--output", tmp_path / "parts"),
    )
    for name in ("train/train.csv", "test/test.csv", "evaluation/test.csv", "train/encoder.json"):
        again = (tmp_path / "parts" / name).read_bytes()
        assert again == (chain.root / "parts" / name).read_bytes()


def test_held_out_rows_are_raw_with_header_and_label(chain: Chain) -> None:
    rows = held_out(chain)
    model = chain.case.models[0].training
    assert list(rows[0]) == ["record_id", *model.features, model.label]
    assert [int(row["credit_risk"]) for row in rows] == [int(r[0]) for r in encoded(chain, "test")]


def test_encoder_knows_the_training_part_only(chain: Chain) -> None:
    encoder = json.loads((chain.root / "parts" / "train" / "encoder.json").read_text())
    purpose = next(feature for feature in encoder["features"] if feature["name"] == "purpose")
    table = pyarrow.parquet.read_table(chain.root / "dataset" / "dataset.parquet").to_pylist()
    train, _ = train_test_split(range(1000), test_size=0.3, random_state=0)
    assert purpose["categories"] == sorted({table[row]["purpose"] for row in train})
    assert purpose["codes"] == list(range(11))
    summary = json.loads((chain.root / "parts" / "summary.json").read_text())
    assert len(encoded(chain, "train")[0]) == len(summary["columns"]) + 1


@pytest.mark.parametrize(
    ("change", "pattern"),
    [
        (lambda rows: [r | {"record_id": "sgc-000001"} for r in rows], "comes twice"),
        (lambda rows: [r | {"credit_risk": 2} for r in rows], "label credit_risk"),
        (lambda rows: [r | {"housing": 9} for r in rows], "column 'housing': '9'"),
        (lambda rows: [{k: v for k, v in r.items() if k != "job"} for r in rows], "job"),
    ],
    ids=["duplicate", "label", "unknown code", "missing column"],
)
def test_dataset_that_breaks_the_contract_is_refused(
    chain: Chain, tmp_path: Path, change: object, pattern: str
) -> None:
    table = pyarrow.parquet.read_table(chain.root / "dataset" / "dataset.parquet")
    (tmp_path / "dataset").mkdir()
    broken = pyarrow.Table.from_pylist(change(table.to_pylist()))  # type: ignore[operator]
    pyarrow.parquet.write_table(broken, tmp_path / "dataset" / "dataset.parquet")
    with pytest.raises(ScriptError, match=pattern):
        chain.run(
            *("preprocess.py", "--dataset", tmp_path / "dataset"),
            *("--contract", chain.document(), "--output", tmp_path / "parts"),
        )


def test_a_record_may_have_a_row_for_each_of_its_times(chain: Chain, tmp_path: Path) -> None:
    table = pyarrow.parquet.read_table(chain.root / "dataset" / "dataset.parquet")
    times = ["2019-02-01T00:00:00Z", "2019-01-01T00:00:00Z"]
    rows = [row | {"event_time": time} for time in times for row in table.to_pylist()[:100]]
    document = json.loads(next(chain.document().iterdir()).read_text()) | {
        "event_time": "event_time"
    }
    for name in ("dataset", "contract"):
        (tmp_path / name).mkdir()
    (tmp_path / "contract" / "contract.json").write_text(json.dumps(document))
    arguments = ("--dataset", tmp_path / "dataset", "--contract", tmp_path / "contract")
    path = tmp_path / "dataset" / "dataset.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    chain.run("preprocess.py", *arguments, "--output", tmp_path / "parts")
    summary = json.loads((tmp_path / "parts" / "summary.json").read_text())
    assert sum(summary["rows"].values()) == 200
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([*rows, rows[0]]), path)
    with pytest.raises(ScriptError, match="comes twice"):
        chain.run("preprocess.py", *arguments, "--output", tmp_path / "parts")
