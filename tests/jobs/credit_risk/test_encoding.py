"""The encoder: fitted once, saved as JSON, applied everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

Load = Callable[[str], ModuleType]


def fitted(module: ModuleType) -> Any:
    rows = pd.DataFrame({"kind": [3, 1, 1], "size": [0.5, 2, 7], "good": [0, 1, 1]})
    features = [{"name": "kind", "codes": [1, 2, 3]}, {"name": "size", "codes": []}]
    return module.Encoder.fit(rows, document(features, one_hot=["kind"]))


def document(features: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    about = {"label": "good", "problem_type": "binary classification", "one_hot": [], "also": []}
    return {"record_identifier": "id", "features": features, "classes": ["0", "1"], **about, **more}


def test_one_column_for_each_category_that_was_seen(script: Load) -> None:
    encoder = fitted(script("encoding"))
    assert encoder.columns == ["kind_1", "kind_3", "size"]
    rows = pd.DataFrame({"size": ["7", "0.5"], "kind": ["3", "2"], "more": ["x", "y"]})
    assert encoder.encode(rows).tolist() == [[0, 1, 7], [0, 0, 0.5]]


def test_saved_encoder_is_the_same(script: Load, tmp_path: Path) -> None:
    module = script("encoding")
    encoder = fitted(module)
    encoder.save(tmp_path / "encoder.json")
    assert module.Encoder.load(tmp_path / "encoder.json") == encoder


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"kind": 4, "size": 1}, "row 1, column 'kind': '4' is an unknown code; allowed are 1, 2"),
        ({"kind": None, "size": 1}, "row 1, column 'kind': '' is not a number"),
        ({"kind": 1, "size": "big"}, "row 1, column 'size': 'big' is not a number"),
        ({"kind": 1}, "missing column(s): size"),
    ],
)
def test_row_that_cannot_be_encoded_is_named(
    script: Load, row: dict[str, Any], message: str
) -> None:
    module = script("encoding")
    with pytest.raises(module.BadRowsError) as caught:
        fitted(module).encode(pd.DataFrame([row]))
    assert str(caught.value).startswith(message)
