"""Enrichments: parts of one call, and values by their types."""

from __future__ import annotations

import pytest

from causeway.errors import BadInput
from causeway.features.enrichment import batches, typed


def test_identifiers_come_once_in_parts_of_a_hundred() -> None:
    ids = [f"r-{n}" for n in range(250)]
    parts = list(batches([*ids, *ids]))
    assert [len(part) for part in parts] == [100, 100, 50]
    assert [id_ for part in parts for id_ in part] == ids
    assert list(batches([])) == []


@pytest.mark.parametrize(
    ("ids", "message"), [(["a", ""], "identifier is empty"), (list("abcd"), "4 records are asked")]
)
def test_what_is_no_small_enrichment_is_refused(ids: list[str], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        batches(ids, most=3)


def test_values_have_the_types_of_the_group() -> None:
    record = {"age": "31", "rate": "0.5", "job": "3", "new": "x"}
    types = {"age": "Integral", "rate": "Fractional", "job": "String"}
    assert typed(record, types) == {"age": 31, "rate": 0.5, "job": "3", "new": "x"}
