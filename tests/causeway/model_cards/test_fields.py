"""The table of fields is the one that people read."""

from __future__ import annotations

from pathlib import Path

import pytest

from causeway.model_cards.fields import FIELDS, Facts, Source, table
from causeway.use_cases.use_case import ModelSpec, UseCase

PAGE = Path(__file__).parents[3] / "docs" / "model-cards.md"


def test_the_page_holds_the_table_of_the_code() -> None:
    assert table() in PAGE.read_text()


def test_no_field_stands_twice() -> None:
    paths = [field.path for field in FIELDS]
    assert len(paths) == len(set(paths))


def test_a_candidates_fields_all_travel_in_the_package() -> None:
    assert all(field.in_package for field in FIELDS if field.source is Source.CANDIDATE)
    assert not any(field.in_package for field in FIELDS if field.source is Source.VERSION)


@pytest.mark.parametrize(
    ("risk", "rating"),
    [("high", "High"), ("medium", "Medium"), ("low", "Low"), ("unknown", "Unknown")],
)
def test_risk_is_rated_in_the_cards_words(
    case: UseCase, model: ModelSpec, risk: str, rating: str
) -> None:
    field = next(f for f in FIELDS if f.path == "intended_uses.risk_rating")
    assert field.value(Facts(case, model.model_copy(update={"risk": risk}))) == rating
