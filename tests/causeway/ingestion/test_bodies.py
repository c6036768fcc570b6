"""Bodies: what JSON would write, cut into requests that know their rows."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from causeway.ingestion.bodies import bodies, record_text, records, texts_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ROWS = st.lists(
    st.tuples(
        TEXTS,
        st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
        st.one_of(st.none(), TEXTS),
    ),
    min_size=1,
    max_size=60,
)


@given(ROWS, st.sampled_from([(), ("OnlineStore",)]))
def test_bodies_are_what_json_would_write(
    rows: list[tuple[str, int | None, str | None]], stores: tuple[str, ...]
) -> None:
    names = ("id", "number", "tëxt")
    columns: dict[str, Any] = dict(zip(names, zip(*rows, strict=True), strict=True))
    arrays = {
        "id": pa.array(columns["id"], pa.string()),
        "number": pa.array(columns["number"], pa.int64()),
        "tëxt": pa.array(columns["tëxt"], pa.string()),
    }
    results = list(bodies("g", np.arange(len(rows)) + 7, records(arrays), stores=stores))
    assert [row for body in results for row in body.rows] == list(range(7, 7 + len(rows)))
    assert all(len(body.rows) <= 25 for body in results)
    entries: list[dict[str, Any]] = []
    for row in rows:
        record = [
            {"FeatureName": name, "ValueAsString": str(value)}
            for name, value in zip(names, row, strict=True)
            if value is not None
        ]
        entries.append({"FeatureGroupName": "g", "Record": record})
        if stores:
            entries[-1]["TargetStores"] = list(stores)
    for body in results:
        part, entries = entries[: len(body.rows)], entries[len(body.rows) :]
        assert body.content == json.dumps({"Entries": part}).encode()
        assert body.part([0]).content == json.dumps({"Entries": part[:1]}).encode()


def test_slices_cover_all_records_and_equal_what_the_store_holds() -> None:
    columns = {"id": pa.array([f"r{n}" for n in range(9000)]), "n": pa.array(range(9000))}
    parts = list(texts_of(columns, 9000))
    assert [start for start, _ in parts] == [0, 4000, 8000]
    texts = [text for _, part in parts for text in part.to_pylist()]
    stored = [
        {"FeatureName": "n", "ValueAsString": "8999"},
        {"FeatureName": "id", "ValueAsString": "r8999"},
    ]
    assert texts[-1] == record_text(stored, list(columns))
