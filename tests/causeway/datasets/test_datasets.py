"""What a dataset is known by, and what its jobs are told."""

import pyarrow as pa
import pytest

from causeway.datasets import datasets
from causeway.digests import sha256
from causeway.errors import BadInput
from causeway.use_cases.use_case import ModelSpec, UseCase


def table(ids: list[str], values: list[int]) -> pa.Table:
    return pa.table({"record_id": ids, "age": pa.array(values, pa.int64())})


def test_the_digest_follows_names_types_and_values(case: UseCase, model: ModelSpec) -> None:
    first = datasets.dataset_spec(case, model, table(["a", "b"], [1, 2]))
    assert first == datasets.dataset_spec(case, model, table(["a", "b"], [1, 2]))
    assert first.groups == tuple(group.name for group in case.feature_groups)
    assert first.key == f"datasets/credit_risk/{first.digest}/dataset.parquet"
    others = [
        table(["a", "c"], [1, 2]),
        table(["a", "b"], [1, 3]),
        table(["a", "b"], [1, 2]).rename_columns(["record_id", "years"]),
        table(["a", "b"], [1, 2]).set_column(1, "age", pa.array([1, 2], pa.int32())),
    ]
    assert first.digest not in {datasets.table_digest(other) for other in others}


def test_the_digest_is_of_the_schema_and_the_text() -> None:
    text = '[["record_id","string"],["age","int64"]]\n"record_id","age"\n"a",1\n"b",2\n'
    assert datasets.table_digest(table(["a", "b"], [1, 2])) == sha256(text)


def test_a_dataset_that_a_worker_cannot_order_is_refused() -> None:
    datasets.require_bounded(datasets.LARGEST, "the dataset of m")
    with pytest.raises(BadInput, match=r"the dataset of m is 512 MiB of Parquet; .* 256 MiB"):
        datasets.require_bounded(2 * datasets.LARGEST, "the dataset of m")


def test_the_preprocessing_document_names_inputs_label_and_split(
    case: UseCase, model: ModelSpec
) -> None:
    document = datasets.preprocess_document(case, model)
    assert document["label"] == "credit_risk"
    assert len(document["features"]) == 20
    assert document["features"][0] == {
        "name": "status",
        "type": "Integral",
        "codes": [1, 2, 3, 4],
        "nullable": False,
    }
    assert (document["classes"], document["favourable"]) == (["0", "1"], "1")
    assert document["split"] == {
        "method": "published",
        "time_column": None,
        "test_size": 0.3,
        "holdout_test_size": 0.5,
        "random_state": 0,
    }
