"""The synthetic sample stands in for the published file."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from causeway.config import use_case

Load = Callable[[str], ModuleType]


def test_same_seed_gives_the_same_rows_and_another_seed_others(script: Load) -> None:
    generate = script("sample").generate
    assert generate(50, 3) == generate(50, 3)
    assert generate(50, 3) != generate(50, 4)


@pytest.mark.parametrize("seed", range(3))
def test_rows_keep_the_contract(script: Load, seed: int) -> None:
    case = use_case("credit_risk")
    header, *rows = script("sample").generate(1000, seed).splitlines()
    assert tuple(header.split(" ")) == case.data.columns
    assert len(rows) == 1000
    for row in rows:
        for column, value in zip(case.data.columns, row.split(" "), strict=True):
            assert case.by_source[column].fault_of(value) is None, (column, value)


def test_about_seventy_of_a_hundred_are_good(script: Load) -> None:
    rows = script("sample").generate(1000, 0).splitlines()[1:]
    assert 0.65 < sum(row.endswith(" 1") for row in rows) / len(rows) < 0.75
