"""Split and search space as a use case declares them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from causeway.use_cases.training_specs import Search, SearchDimension, Split, Training
from causeway.use_cases.use_case import ModelSpec


@pytest.mark.parametrize(
    "declared",
    [{"method": "by_time"}, {"method": "published", "time_column": "age"}, {"method": "lucky"}],
)
def test_a_split_by_time_names_its_column_and_no_other_does(declared: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Split.model_validate({"test_size": 0.3, **declared})


@pytest.mark.parametrize(
    "declared",
    [
        {},
        {"choices": [1], "low": 1, "high": 2},
        {"low": 1},
        {"low": 2, "high": 1},
        {"low": 0, "high": 1, "log": True},
    ],
)
def test_a_dimension_is_choices_or_a_range(declared: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SearchDimension.model_validate(declared)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"space": {}}, "at least 1"),
        ({"method": "grid", "space": {"eta": {"low": 0.1, "high": 0.2}}}, "needs choices: eta"),
        ({"method": "grid", "count": 3, "space": {"eta": {"choices": [1]}}}, "every combination"),
        (
            {
                "method": "grid",
                "space": {"a": {"choices": list(range(11))}, "b": {"choices": list(range(11))}},
            },
            "121 combinations, 100 at most",
        ),
    ],
)
def test_a_grid_can_be_counted(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Search.model_validate(declared)


def test_a_training_has_candidates_from_somewhere(model: ModelSpec) -> None:
    fields = model.training.model_dump()
    for search in (None, {"space": {"eta": {"choices": [0.1]}}}):
        with pytest.raises(ValidationError, match="candidates: list some"):
            Training.model_validate({**fields, "candidates": (), "search": search})
    grid = {
        "method": "grid",
        "space": {"eta": {"choices": [0.1, 0.2]}, "gamma": {"choices": [1, 2, 3]}},
    }
    assert Training.model_validate({**fields, "candidates": (), "search": grid}).count == 6
    ranges = {"count": 5, "space": {"eta": {"low": 0.1, "high": 0.2}}}
    assert Training.model_validate({**fields, "candidates": (), "search": ranges}).count == 5
    assert Training.model_validate({**fields, "search": ranges}).count == len(fields["candidates"])
